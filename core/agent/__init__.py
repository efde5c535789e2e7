"""The agent: the loop, its rule-based reasoner, and how a conclusion becomes a report that can be trusted."""
