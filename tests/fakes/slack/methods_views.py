"""Modals and home tabs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from tests.fakes.slack.calls import ApiCall
from tests.fakes.slack.shapes import view_json
from tests.fakes.slack.state import Json, State, User, View, Workspace
from tests.fakes.slack.validation import SlackError, checked_view

TRIGGER_LIFE_S = 3.0
_MOST_STACKED = 3


@dataclass(eq=False)
class Trigger:
    """What an act of a person lets the app do once, for three seconds; `view` is the modal it happened in."""

    user: User
    workspace: Workspace
    at: float
    view: View | None = None
    is_used: bool = False


class Views:
    """Opens, stacks and changes views."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.triggers: dict[str, Trigger] = {}

    def trigger(self, user: User, workspace: Workspace, view: View | None = None) -> str:
        """A new trigger id."""
        id = f"{len(self.triggers) + 1}.{secrets.randbelow(10**9)}.{secrets.token_hex(8)}"
        self.triggers[id] = Trigger(user, workspace, self._state.clock(), view)
        return id

    def top_of(self, user: User) -> View | None:
        """The modal that person sees."""
        seen = [each for each in self._state.views.values() if each.user is user and each.is_open]
        return next((each for each in reversed(seen) if each.payload["type"] == "modal"), None)

    def stack(self, workspace: Workspace, user: User, payload: Json, previous: View | None = None) -> View:
        """The modal is open on top of `previous`."""
        view = View(self._state.new_id("V"), workspace, user, payload, secrets.token_hex(8), previous)
        view.root_id = previous.root_id if previous else view.id
        self._state.views[view.id] = view
        return view

    def change(self, view: View, payload: Json) -> None:
        """The view shows something else."""
        view.payload, view.hash = payload, secrets.token_hex(8)

    # ---- methods ----------------------------------------------------------------------------------------------------

    def open(self, call: ApiCall) -> Json:
        """A modal is before the person whose trigger it is."""
        trigger = self._spent(call)
        view = self.stack(trigger.workspace, trigger.user, checked_view(call.args["view"]))
        return {"view": view_json(view)}

    def push(self, call: ApiCall) -> Json:
        """A modal is on top of the one that the trigger came from."""
        trigger = self._spent(call)
        if trigger.view is None:
            raise SlackError("invalid_arguments", "trigger_id did not come from a modal")
        depth, below = 1, trigger.view
        while below.previous is not None:
            depth, below = depth + 1, below.previous
        if depth >= _MOST_STACKED:
            raise SlackError("push_limit_reached")
        view = self.stack(trigger.workspace, trigger.user, checked_view(call.args["view"]), trigger.view)
        return {"view": view_json(view)}

    def update(self, call: ApiCall) -> Json:
        """The modal shows something else, if nobody changed it meanwhile."""
        view = self._state.views.get(str(call.args.get("view_id"))) or self._by_external_id(call)
        if view is None or not view.is_open or view.workspace not in call.workspaces:
            raise SlackError("not_found")
        if call.args.get("hash", view.hash) != view.hash:
            raise SlackError("hash_conflict")
        self.change(view, checked_view(call.args["view"]))
        return {"view": view_json(view)}

    def publish(self, call: ApiCall) -> Json:
        """The person's home tab shows it."""
        for workspace in call.workspaces:
            user = workspace.users.get(str(call.args["user_id"]))
            if user is not None:
                payload = checked_view(call.args["view"], kinds=("home",))
                present = self._state.homes.get((workspace.id, user.id))
                if present is not None and call.args.get("hash", present.hash) != present.hash:
                    raise SlackError("hash_conflict")
                home = self.stack(workspace, user, payload)
                self._state.homes[workspace.id, user.id] = home
                return {"view": view_json(home)}
        raise SlackError("invalid_arguments", "user_not_found [json-pointer:/user_id]")

    def _by_external_id(self, call: ApiCall) -> View | None:
        wanted = call.args.get("external_id")
        views = self._state.views.values()
        return next((each for each in views if wanted and each.payload.get("external_id") == wanted), None)

    def _spent(self, call: ApiCall) -> Trigger:
        trigger = self.triggers.get(str(call.args["trigger_id"]))
        if trigger is None or trigger.workspace not in call.workspaces:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self._state.clock() - trigger.at > TRIGGER_LIFE_S:
            raise SlackError("expired_trigger_id")
        trigger.is_used = True
        return trigger
