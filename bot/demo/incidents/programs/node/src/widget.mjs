// The basket widget, shipped minified.
export function badge(basket) {
  const counts = basket.items.map((item) => item.count);
  return counts.reduce((sum, count) => sum + count, 0).toFixed(0);
}

export function renderWidget(state) {
  const label = badge(state.basket);
  return `<span class="badge">${label}</span>`;
}

export function mount(state) {
  return renderWidget({ basket: state.session && state.session.basket });
}
