"""The commits of the demo's storefront, oldest first."""

from __future__ import annotations

from bot.demo.commits import Change, Edit, History

STOREFRONT = History(
    "storefront",
    "node",
    ("src", "package.json"),
    (
        Change(
            "Lena Ruiz",
            "storefront: orders, sessions, recommendations and the widget",
            ("storefront@7.8.1", "widget@2.0.0"),
            (Edit("README.md", "# Storefront\n"),),
        ),
        Change(
            "Lena Ruiz",
            "widget: smaller bundle",
            ("widget@2.0.1",),
            (
                Edit(
                    "src/widget.mjs",
                    "  return renderWidget({ basket: state.session && state.session.basket });\n",
                    '  if (!state.session) return "";\n  return renderWidget({ basket: state.session.basket });\n',
                ),
            ),
        ),
        Change(
            "Jo Kern",
            "build: newer bundler",
            ("storefront@7.8.2",),
            (Edit("README.md", "# Storefront\n\nBuilt with esbuild.\n", "# Storefront\n"),),
        ),
        Change(
            "Jo Kern",
            "images: lazy loading",
            (),
            (Edit("src/images.mjs", 'export const attributes = { loading: "lazy" };\n'),),
        ),
        Change(
            "Lena Ruiz",
            "orders: guests no longer get a customer record",
            ("storefront@7.9.0",),
            (
                Edit(
                    "src/orders.mjs",
                    "  // Since 7.9.0, guests have `guest` instead of `customer`.\n",
                    '  const customer = { name: "guest", address: { country: "DE" } };\n',
                ),
                Edit("src/orders.mjs", "loaded, placed by a guest`", "loaded`"),
                Edit(
                    "src/orders.mjs",
                    'return { number, guest: { email: "guest@shop.example" }, lines',
                    "return { number, customer, lines",
                ),
            ),
        ),
    ),
)
