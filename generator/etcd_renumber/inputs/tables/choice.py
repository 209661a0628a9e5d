"""What the user says about a table: which column, or which variable of an inventory, is the name, old and new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etcd_renumber.errors import Refused
from etcd_renumber.model import Problem

ROLES = ("name", "old", "new")
OPTION, GROUP = "--columns", "--group"
FORMS = "write `name,old,new` in the order of the columns, `-` for one that is not read; or `name=TITLE,old=TITLE,new=TITLE`"


@dataclass(frozen=True)
class Choice:
    """`order`: a role or `-` for each column. `titles`: the title of a role's column. One of them at most is given.

    `group` is the group of an Ansible inventory whose hosts are the members.
    """

    order: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None


def choice(columns: str | None, group: str | None) -> Choice:
    """The options of `init` as they were given. Raises Refused where they say nothing that could be meant."""
    parts = [part.strip() for part in (columns or "").split(",")] if columns is not None else []
    if any("=" in part for part in parts):
        pairs = [part.partition("=")[::2] for part in parts]
        titles = {role.strip(): title.strip() for role, title in pairs if title.strip() != "-"}
        _refuse_unknown([role.strip() for role, _ in pairs], columns)
        if not all(titles.values()):
            raise Refused(Problem(f"{OPTION} {columns} has a title that is empty", hint=FORMS))
        return Choice(titles=titles, group=group)
    roles = tuple(part for part in parts if part != "-")
    _refuse_unknown(list(roles), columns)
    missing = [role for role in ("name", "old") if parts and role not in roles]
    if missing:
        raise Refused(Problem(f"{OPTION} {columns} does not say where {' and '.join(missing)} is", hint=FORMS))
    return Choice(order=tuple(parts), group=group)


def _refuse_unknown(roles: list[str], columns: str | None) -> None:
    wrong = [role for role in roles if role not in ROLES]
    twice = [role for role in ROLES if roles.count(role) > 1]
    problems = [
        Problem(f"{OPTION} {columns} has {role or 'an empty part'}, which is no role", hint=FORMS) for role in wrong
    ]
    problems += [Problem(f"{OPTION} {columns} has {role} twice", hint=FORMS) for role in twice]
    if problems:
        raise Refused(*problems)
