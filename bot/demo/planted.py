"""Secrets and personal data planted in the hostile incident (SHOP-6), so that tests can prove they go nowhere."""

TOKEN = "sk-planted-4eC39HqLyjWDarjtT1zdp7dcQ9x"
PASSWORD = "Pl4nted-Passw0rd-9137"
EMAIL = "planted.person@example.com"

PLANTED = (TOKEN, PASSWORD, EMAIL)
