"""The tree of categories."""

PARENTS = {"mugs": "kitchen", "kitchen": "home", "home": "gifts", "gifts": "mugs"}


def path_to_root(category, path=()):
    """The names from a category up to the root."""
    parent = PARENTS.get(category)
    if parent is None:
        return (*path, category)
    return path_to_root(parent, (*path, category)[-2:])


def breadcrumb_of(category):
    """How a category is shown above a page."""
    return " / ".join(reversed(path_to_root(category)))
