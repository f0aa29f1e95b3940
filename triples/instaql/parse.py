"""From a query's JSON to checked forms, with the errors of instaql.md §2.9.

Options are checked first, level by level from the top, then conditions. A form that names what
does not exist becomes one that matches nothing; that is no error (§2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.instaql import problems
from triples.instaql.forms import (
    Condition,
    Cursor,
    Form,
    Order,
    Page,
    Step,
)
from triples.instaql.problems import Path
from triples.instaql.shape import Constant
from triples.instaql.where import UnknownName, WhereReader
from triples.values.sort_key import sort_key
from wire.ids import parse_uuid

_OPTIONS: Final = (
    "where",
    "order",
    "limit",
    "first",
    "last",
    "offset",
    "after",
    "before",
    "afterInclusive",
    "beforeInclusive",
    "aggregate",
    "fields",
)
_COUNTS: Final = ("limit", "first", "last")
_PAGING: Final = ("limit", "first", "last", "offset", "before", "after", "order")
_ONLY_OPTIONS: Final = (
    "We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses."
)
_ONLY_TOP: Final = (
    "We currently only support `offset`, `before`, and `after` clauses on the top-level field."
    " Limit fields will be ignored"
)
_NO_CHILDREN: Final = "You can not combine aggregates with child queries at this time."


@dataclass(frozen=True, slots=True)
class Parser:
    """Reads one query; `query` is what the client sent, for errors.

    What a viewer may see is not decided here (`guards`).
    """

    query: Any
    catalog: AttrCatalog

    def read(self, marked: dict[str, Any]) -> tuple[Form, ...]:
        """The forms of a query whose constants are marked; raises `ValidationFailed`."""
        return tuple(self._form(key, form, (key,), None) for key, form in marked.items())

    def _form(self, key: str, form: Any, path: Path, link: Step | None) -> Form:
        if not isinstance(form, dict):
            raise problems.refusal(self.query, "map?", path)
        etype = link.target if link is not None else key
        options = self._options(form, path, is_top=link is None)
        id_attr = self.catalog.id_attr(etype)
        order = self._order(etype, options, path, id_attr, is_top=link is None)
        page = self._page(options, path, order, id_attr)
        fields = self._fields(options, path)
        try:
            condition = self._condition(etype, options, path)
        except UnknownName:
            condition, id_attr = None, None
        children = self._children(etype, form, path)
        return Form(
            key=key,
            etype=etype,
            id_attr=id_attr,
            link=link,
            condition=condition,
            order=order,
            page=page,
            wants_page_info=link is None and _is_paged(options),
            counts=self._counts(options, form, path),
            fields=fields,
            attrs=self._attrs(etype, fields),
            children=children,
        )

    # -- names -------------------------------------------------------------------------------

    def _attrs(self, etype: str, fields: frozenset[str] | None) -> tuple[Attr, ...]:
        return tuple(
            attr
            for attr in self.catalog.of_etype(etype)
            if attr.cardinality_one
            and (fields is None or attr.label == "id" or attr.label in fields)
        )

    def _children(self, etype: str, form: dict[str, Any], path: Path) -> tuple[Form, ...]:
        children = []
        for label, child in form.items():
            if label == "$":
                continue
            at = (*path, label)
            found = self.catalog.resolve(etype, label)
            if found is None:
                children.append(self._nothing(label, child, at))
                continue
            if not found[0].is_ref:
                raise problems.not_a_link(found[0])
            children.append(self._form(label, child, at, Step(*found)))
        return tuple(children)

    def _nothing(self, label: str, form: Any, path: Path) -> Form:
        """The form under a link that does not exist: it is checked, and matches nothing."""
        if not isinstance(form, dict):
            raise problems.refusal(self.query, "map?", path)
        self._options(form, path, is_top=False)
        return Form(
            key=label,
            etype="",
            id_attr=None,
            link=None,
            condition=None,
            order=Order(),
            page=Page(),
            wants_page_info=False,
            counts=False,
            fields=None,
            attrs=(),
            children=(),
        )

    # -- where -------------------------------------------------------------------------------

    def _condition(self, etype: str, options: dict[str, Any], path: Path) -> Condition | None:
        where = options.get("where")
        if where is None:
            return None
        return WhereReader(self.query, self.catalog, path).read(etype, where)

    # -- options -----------------------------------------------------------------------------

    def _options(self, form: dict[str, Any], path: Path, *, is_top: bool) -> dict[str, Any]:
        """The options that are not null, each checked by itself."""
        given = form.get("$")
        if given is None:
            return {}
        at = (*path, "$")
        if not isinstance(given, dict):
            raise problems.refusal(self.query, "map?", at)
        options = {name: value for name, value in given.items() if value is not None}
        if any(name not in _OPTIONS for name in options):
            raise problems.refusal(self.query, "supported-options?", at, _ONLY_OPTIONS)
        if not is_top and any(name in options for name in ("offset", "after", "before")):
            raise problems.refusal(self.query, "supported-options?", at, _ONLY_TOP)
        for name in ("where", "order"):
            if name in options and not isinstance(options[name], dict):
                raise problems.refusal(self.query, "map?", (*at, name))
        self._check_counts(options, at)
        return options

    def _check_counts(self, options: dict[str, Any], at: Path) -> None:
        errors = [
            problems.problem(
                "supported-options?",
                (*at, name),
                f"The {name} field must be a positive integer. Got"
                f" {problems.text_of(options[name])}.",
            )
            for name in _COUNTS
            if name in options and not _is_integer(options[name], least=1)
        ]
        if "offset" in options and not _is_integer(options["offset"], least=0):
            text = problems.text_of(options["offset"])
            message = f"The offset field must be a non-negative integer. Got {text}."
            errors.append(problems.problem("supported-options?", (*at, "offset"), message))
        present = [f"`{name}`" for name in _COUNTS if name in options]
        if len(present) > 1:
            message = f"Only provide one of {' or '.join(present)}."
            errors.append(problems.problem("supported-options?", at, message))
        if errors:
            raise problems.refusals(self.query, errors)

    def _fields(self, options: dict[str, Any], path: Path) -> frozenset[str] | None:
        fields = options.get("fields")
        if fields is None:
            return None
        if not isinstance(fields, list):
            message = "The `fields` property should be an array of field names."
            raise problems.refusal(self.query, "array?", (*path, "$", "fields"), message)
        return frozenset(field for field in fields if isinstance(field, str))

    def _counts(self, options: dict[str, Any], form: dict[str, Any], path: Path) -> bool:
        aggregate = options.get("aggregate")
        if aggregate is None:
            return False
        at = (*path, "$", "aggregate")
        if aggregate != "count":
            message = (
                f'The aggregate field only accepts "count", got {problems.text_of(aggregate)}.'
            )
            raise problems.refusal(self.query, "supported-options?", at, message)
        if len(path) > 1:
            message = "Aggregates are only available on the top-level field."
            raise problems.refusal(self.query, "supported-options?", at, message)
        if any(label != "$" for label in form):
            raise problems.refusal(self.query, "valid-query?", at, _NO_CHILDREN)
        return True

    # -- order and page ----------------------------------------------------------------------

    def _order(
        self,
        etype: str,
        options: dict[str, Any],
        path: Path,
        id_attr: Attr | None,
        *,
        is_top: bool,
    ) -> Order:
        order = options.get("order")
        if not order:
            return Order()
        at = (*path, "$", "order")
        if len(order) > 1:
            message = (
                "We only support a single key in the `order` clause. Got"
                f" {','.join(map(str, order))}."
            )
            raise problems.refusal(self.query, "single-key?", at, message)
        ((label, direction),) = order.items()
        if direction not in ("asc", "desc"):
            message = (
                'We only support "asc" or "desc" in the `order` clause. Got'
                f" {problems.text_of(direction)}."
            )
            raise problems.refusal(self.query, "valid-direction?", (*at, label), message)
        descending = direction == "desc"
        if label == "serverCreatedAt" or (is_top and id_attr is None):
            return Order(None, descending)
        attr = self.catalog.forward(etype, label)
        reasons = _unusable_reasons(etype, label, attr)
        if reasons and is_top:
            errors = [problems.problem("supported-order?", at, reason) for reason in reasons]
            raise problems.refusals(self.query, errors)
        return Order(attr, descending, is_usable=not reasons)

    def _page(
        self, options: dict[str, Any], path: Path, order: Order, id_attr: Attr | None
    ) -> Page:
        from_end = "last" in options
        limit = next((options[name] for name in _COUNTS if name in options), None)
        return Page(
            limit=limit,
            from_end=from_end,
            offset=int(options.get("offset") or 0),
            after=self._cursor("after", options, path, order, id_attr),
            before=self._cursor("before", options, path, order, id_attr),
        )

    def _cursor(
        self, name: str, options: dict[str, Any], path: Path, order: Order, id_attr: Attr | None
    ) -> Cursor | None:
        inclusive = options.get(f"{name}Inclusive", False)
        if not isinstance(inclusive, bool):
            at = (*path, "$", f"{name}Inclusive")
            raise problems.refusal(self.query, "boolean?", at)
        given = options.get(name)
        if given is None:
            return None
        at = (*path, "$", name)
        value = given.value if isinstance(given, Constant) else given
        if problem := _cursor_problem(value, order):
            raise problems.refusal(self.query, "join-row?", at, problem)
        order_attr = order.attr or id_attr
        if order_attr is not None and parse_uuid(value[1]) != order_attr.id:
            message = (
                f"Invalid {name} cursor. The query orders by `{_order_name(order.attr)}`, but the"
                f" query that returned the cursor orders by"
                f" {self._cursor_name(value[1], id_attr)}."
            )
            raise problems.refusal(self.query, "valid-cursor?", at, message)
        if problem := _value_problem(value, order):
            raise problems.refusal(self.query, "join-row?", at, problem)
        return Cursor(given, inclusive)

    def _cursor_name(self, attr_id: Any, id_attr: Attr | None) -> str:
        attr = self.catalog.by_id(parse_uuid(attr_id) or "")
        if attr is None:
            return "a missing attribute"
        return f"`{_order_name(None if attr == id_attr else attr)}`"


def _is_paged(options: dict[str, Any]) -> bool:
    """Whether any paging option is given; an order of no key is none."""
    return any(name in options and options[name] != {} for name in _PAGING)


def _order_name(attr: Attr | None) -> str:
    return "serverCreatedAt" if attr is None or attr.label == "id" else attr.label


def _is_integer(value: Any, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 2**63


def _unusable_reasons(etype: str, label: str, attr: Attr | None) -> list[str]:
    """Why the server cannot order by the attr; empty when it can."""
    if attr is None:
        return [f"There is no `{label}` attribute for {etype}."]
    name = f"The `{etype}.{label}` attribute is"
    reasons = []
    if not attr.is_indexed:
        usable = "Only indexed and typed attributes can be used to order by."
        reasons.append(f"{name} not indexed. {usable}")
    elif attr.indexing:
        reasons.append(
            f"{name} still in the process of indexing. It must finish before ordering by the"
            " attribute."
        )
    if attr.checked_data_type is None:
        usable = "Only typed and indexed attributes can be used to order by."
        reasons.append(f"{name} not typed. {usable}")
    elif attr.checking_data_type:
        reasons.append(
            f"{name} still in the process of validating its type. It must finish before ordering"
            " by the attribute."
        )
    if not attr.cardinality_one:
        reasons.append(
            f"The `{etype}.{label}` attribute has cardinality `many`. Only attributes with"
            " cardinality `one` can be used to order by."
        )
    return reasons


def _cursor_problem(cursor: Any, order: Order) -> str | None:
    """What keeps the value from being a cursor of any order."""
    text = problems.text_of(cursor)
    if not isinstance(cursor, list):
        return f"Expected a join row for the cursor, got {text}."
    if len(cursor) not in (3, 4):
        return f"Expected a join row with 4 items for the cursor, got {text}."
    if parse_uuid(cursor[1]) is None:
        return f"Expected a join row with a uuid attribute id in the second position, got {text}."
    if len(cursor) == 4 and not _is_integer(cursor[3], least=-(2**63)):
        return f"Expected a join row with an integer created_at in the last position, got {text}."
    return None


def _value_problem(cursor: list[Any], order: Order) -> str | None:
    """What keeps a cursor from being a place in this order."""
    text = problems.text_of(cursor)
    if parse_uuid(cursor[0]) is None:
        return f"Expected a join row with a uuid entity id in the first position, got {text}."
    if order.attr is not None and order.attr.checked_data_type is not None:
        try:
            sort_key(cursor[2], order.attr.checked_data_type)
        except ValueError:
            return f"Expected a join row for the cursor, got {text}."
    return None
