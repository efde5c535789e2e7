"""Product reviews, which strangers write."""

BANNED = {"casino"}


def publish(review, session):
    """Store a review after moderation."""
    text = review["text"]
    author_email = review["author"]["email"]
    stars = int(review["stars"])
    if any(word in text for word in BANNED):
        raise ValueError("banned word")
    return {"author": author_email, "stars": stars, "session": session}
