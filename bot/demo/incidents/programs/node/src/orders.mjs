// Orders as the storefront shows them.
export function shippingCountry(order) {
  const { customer } = order;
  return customer.address.country;
}

export function confirmation(order) {
  const country = shippingCountry(order);
  const lines = order.lines.map((line) => `${line.quantity} × ${line.sku}`);
  return { number: order.number, country, lines };
}

export async function loadOrder(number) {
  // Since the refactoring, guests have `guest` instead of `customer`.
  return { number, guest: { email: "guest@example.com" }, lines: [{ sku: "MUG-01", quantity: 1 }] };
}

export async function confirmOrder(number) {
  const order = await loadOrder(number);
  return confirmation(order);
}
