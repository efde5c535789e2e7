"""Every organization's reasoners: its language model if it has one, and rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.app.settings import Settings
from core.agent.prompt import Prompt
from core.agent.rules.reasoner import RulesReasoner
from core.domain.errors import Refusal
from core.domain.tenancy import ModelConnection, OrganizationId
from core.ports import Reasoner
from core.requests.connections import Connections
from core.requests.spending import Spending

if TYPE_CHECKING:
    from core.gateways.openai.models import OpenAIReasoner

_MOST_KEPT = 500


class Reasoners:
    """The reasoners of an organization, tried in order; rules come last and never fail."""

    def __init__(self, settings: Settings, connections: Connections, spending: Spending) -> None:
        """Nothing is connected before it is asked for."""
        self._spending = spending
        self._settings = settings
        self._connections = connections
        self._models: dict[tuple[ModelConnection, frozenset[str] | None], OpenAIReasoner] = {}

    async def __call__(self, organization_id: OrganizationId) -> Sequence[Reasoner]:
        """Those to try for that organization."""
        model = None if await self._spending.is_spent(organization_id) else await self.model(organization_id)
        return (model, RulesReasoner()) if model else (RulesReasoner(),)

    def check_settings(self) -> None:
        """Raises Refusal when a model is wanted, but no key is set."""
        if self._settings.reasoner == "model" and self._settings.openai_api_key is None:
            raise Refusal("LOGSENSE_REASONER=model needs OPENAI_API_KEY. Set it, or use LOGSENSE_REASONER=auto.")

    def prepare(self) -> None:
        """The SDK is loaded, which takes a second: a process that serves many must not stand still for it later."""
        import core.gateways.openai.models  # noqa: F401

    async def model(self, organization_id: OrganizationId) -> OpenAIReasoner | None:
        """The organization's language model, if it has one and the operator lets models be used."""
        if self._settings.reasoner == "rules":
            return None
        connection = await self._connections.model(organization_id)
        if connection is None:
            return None
        key = connection, self._only_hosts(organization_id, connection)
        if key not in self._models:
            if len(self._models) >= _MOST_KEPT:
                await self._models.pop(next(iter(self._models))).close()
            self._models[key] = self._made(*key)
        return self._models[key]

    async def try_model(self, organization_id: OrganizationId, connection: ModelConnection) -> str:
        """What was reached with `connection`, in words; raises ServiceFailed or Refusal that says what to mend."""
        model = self._made(connection, self._only_hosts(organization_id, connection))
        try:
            return await model.check()
        finally:
            await model.close()

    async def close(self) -> None:
        """Connections are closed."""
        models, self._models = self._models, {}
        for model in models.values():
            await model.close()

    def _only_hosts(self, organization_id: OrganizationId, connection: ModelConnection) -> frozenset[str] | None:
        """The private hosts that may be reached; None, which is any host, for the operator's own settings alone."""
        if organization_id != self._connections.operator:
            return self._settings.tenant_hosts
        if connection == self._connections.operator_model:
            return None
        return self._settings.tenant_hosts | self._settings.allowed_hosts

    def _made(self, connection: ModelConnection, only_hosts: frozenset[str] | None) -> OpenAIReasoner:
        # The SDK is a quarter of what a command loads; without a model nobody should wait for it.
        from core.gateways.openai.models import OpenAIReasoner
        from core.gateways.openai.prices import load_prices

        return OpenAIReasoner(
            api_key=connection.api_key,
            base_url=connection.base_url,
            model=connection.model,
            briefing=Prompt(),
            timeout_s=self._settings.model_timeout_s,
            prices=load_prices(),
            only_hosts=only_hosts,
        )
