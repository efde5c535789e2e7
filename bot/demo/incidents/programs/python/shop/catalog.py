"""The product list."""

import sqlite3

import sentry_sdk


def open_catalog():
    """A small catalogue in memory."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table products (id integer primary key, name text, supplier_id integer)")
    connection.execute("create table suppliers (id integer primary key, name text)")
    connection.executemany("insert into suppliers values (?, ?)", [(n, f"supplier {n}") for n in range(1, 25)])
    connection.executemany("insert into products values (?, ?, ?)", [(n, f"product {n}", n) for n in range(1, 25)])
    return connection


def query(connection, sql, *parameters):
    """The rows of a query, timed."""
    with sentry_sdk.start_span(op="db", name=sql):
        return connection.execute(sql, parameters).fetchall()


def list_products(connection):
    """Every product with its supplier."""
    products = query(connection, "SELECT id, name, supplier_id FROM products LIMIT 24")
    return [
        (name, query(connection, "SELECT name FROM suppliers WHERE id = ?", supplier_id))
        for _, name, supplier_id in products
    ]
