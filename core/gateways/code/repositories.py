"""Which repositories there are, and whose: the operator's list, opened when an organization's tool asks."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.code import CodePolicy, RepositoryEntry
from core.domain.errors import InvalidInput, ServiceUnavailable
from core.domain.tenancy import OrganizationId
from core.gateways.code.git_process import SERVICE, GitProcess, configuration, git_directory, git_program
from core.gateways.code.git_repository import GitRepository
from core.gateways.code.web_address import commit_pages

ALWAYS_KEPT_BACK = (
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "id_rsa*", "id_ed25519*", "id_ecdsa*"),
    *(".env", ".env.*", ".netrc", ".npmrc", ".pypirc", ".htpasswd", "*.tfstate", "*.tfvars"),
)
"""Files whose content is a secret, whatever the operator says."""

EVERY_PROJECT = "*"
REPOSITORIES, SHARES, NEVER = "LOGSENSE_REPOSITORIES", "LOGSENSE_SOURCE_TO_MODEL", "LOGSENSE_SOURCE_NEVER"
_MOST_IN_FOLDER = 500
_AT_ONCE = 3
"""Git programs that run for one organization at the same time."""
_NAMED = re.compile(r"(?:(?P<organization>[\w.-]{1,100}):)?(?P<project>[\w.-]{1,100}|\*)=(?P<path>.+)", re.DOTALL)


def parse_repositories(text: str, default: str) -> tuple[RepositoryEntry, ...]:
    """Read the setting: entries with commas between, of the organization `default` unless they name another.

    `project=path` names one repository, a path alone a repository or a folder of them, and `organization:*=path` the
    same for another organization.

    Raises:
        InvalidInput: an entry is neither.
    """
    entries = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _NAMED.fullmatch(part)
        organization = (found["organization"] if found else None) or default
        project, path = (found["project"], found["path"].strip()) if found else (EVERY_PROJECT, part)
        if not path.startswith(("/", "~")):
            raise InvalidInput(
                f"LOGSENSE_REPOSITORIES: “{part[:80]}” needs an absolute path, as in shop=/srv/git/shop.git."
            )
        entries.append(RepositoryEntry(organization, project, path))
    return tuple(entries)


def written(entries: Sequence[RepositoryEntry]) -> str:
    """Write entries as `parse_repositories` reads them, each with its organization."""
    return ",".join(f"{one.organization_id}:{one.project}={one.path}" for one in entries)


@dataclass(frozen=True, slots=True)
class CodeSettings:
    """The operator's repositories, and what of them may leave."""

    entries: tuple[RepositoryEntry, ...] = ()
    policy: CodePolicy = field(default_factory=CodePolicy)

    @classmethod
    def read(cls, environment: Mapping[str, str], default: str) -> CodeSettings:
        """Read the variables of the tool server; entries without an organization are those of `default`.

        Raises:
            InvalidInput: an entry is not understood.
        """
        never = tuple(part.strip() for part in environment.get(NEVER, "").split(",") if part.strip())
        shares = environment.get(SHARES, "true").strip().lower() not in ("0", "false", "no", "off")
        return cls(parse_repositories(environment.get(REPOSITORIES, ""), default), CodePolicy(shares, never))

    def variables(self) -> dict[str, str]:
        """The same for the tool server that is started; nothing when no repository is named."""
        if not self.entries:
            return {}
        shares = "true" if self.policy.shares_source else "false"
        return {REPOSITORIES: written(self.entries), SHARES: shares, NEVER: ",".join(self.policy.never)}

    def has_any(self, organization_id: OrganizationId) -> bool:
        """Whether the organization has an entry."""
        return any(entry.organization_id == organization_id for entry in self.entries)


class CodeRepositories:
    """All repositories of this installation; what comes out is one organization's."""

    def __init__(self, settings: CodeSettings) -> None:
        self._settings = settings
        never = (*ALWAYS_KEPT_BACK, *settings.policy.never)
        self._policy = CodePolicy(settings.policy.shares_source, never)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._open: dict[tuple[str, str, Path], GitRepository] = {}
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))

    def of(self, organization_id: OrganizationId) -> tuple[GitRepository, ...]:
        """Open every repository of the organization, in the operator's order; none without a git program.

        Raises:
            ServiceUnavailable: a named repository cannot be opened.
        """
        program = git_program()
        if program is None:
            return ()
        places = [
            place
            for entry in self._settings.entries
            if entry.organization_id == organization_id
            for place in _places(entry)
        ]
        return tuple(
            self._opened(program, organization_id, project, directory) for project, directory in dict.fromkeys(places)
        )

    def _opened(self, program: str, organization_id: str, project: str, directory: Path) -> GitRepository:
        key = (organization_id, project, directory)
        if key not in self._open:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="logsense-git-")
            stand_in = Path(tempfile.mkdtemp(dir=self._folder.name))
            git = GitProcess(program, directory, stand_in, self._slots[organization_id])
            self._open[key] = GitRepository(project, git, self._policy, commit_pages(configuration(directory)))
        return self._open[key]

    def close(self) -> None:
        """Remove what stood in for the repositories."""
        self._open.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _places(entry: RepositoryEntry) -> Iterator[tuple[str, Path]]:
    """Each repository of an entry with its project; a folder of repositories names projects by its folders."""
    path = Path(entry.path).expanduser()
    directory = git_directory(path)
    if directory is not None:
        yield (_named(path) if entry.project == EVERY_PROJECT else entry.project), directory
        return
    if entry.project != EVERY_PROJECT:
        raise ServiceUnavailable(SERVICE, f"The repository of {entry.project} is no git repository, or cannot be read.")
    try:
        folders = sorted(path.iterdir())[:_MOST_IN_FOLDER]
    except OSError:
        raise ServiceUnavailable(SERVICE, "The folder of repositories cannot be read.") from None
    for folder in folders:
        if (inner := git_directory(folder)) is not None:
            yield _named(folder), inner


def _named(path: Path) -> str:
    return path.resolve().name.removesuffix(".git") if path.name != ".git" else path.resolve().parent.name
