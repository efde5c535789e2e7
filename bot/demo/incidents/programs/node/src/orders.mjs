// Orders as the storefront shows them.
import * as Sentry from "@sentry/node";

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
  // Since 7.9.0, guests have `guest` instead of `customer`.
  Sentry.addBreadcrumb({ category: "orders", message: `order ${number} loaded, placed by a guest`, level: "info" });
  return { number, guest: { email: "guest@shop.example" }, lines: [{ sku: "MUG-01", quantity: 1 }] };
}

export async function confirmOrder(number) {
  const order = await loadOrder(number);
  return confirmation(order);
}
