"""An expression as words, made of its tree: for who has to know what it says and does not write in the language.

Words are the caller's: of columns, of their values, and of what stands between them. What they cannot say (functions of
text) keeps its form: `lower(branch)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from dunwell.engine.expressions import function_name, parsed

#: What a lexicon has phrases for, with the gaps of each.
PHRASES: Mapping[str, Sequence[str]] = {
    "and": ("left", "right"), "or": ("left", "right"), "group": ("one",), "not": ("one",),
    "is": ("left", "right"), "is_not": ("left", "right"),
    "between": ("one", "low", "high"), "not_between": ("one", "low", "high"),
    "in": ("one", "values"), "not_in": ("one", "values"), "like": ("one", "pattern"), "not_like": ("one", "pattern"),
    "missing": ("one",), "given": ("one",), "nothing": (), "yes": (), "no": (), "comma": ("left", "right"),
    "case": ("condition", "then"), "otherwise": ("then",), "coalesce": ("one", "otherwise"), "least": ("values",),
    "greatest": ("values",), "days": ("first", "last"), "months": ("first", "last"), "years": ("first", "last"),
}  # fmt: skip
_SIGNS: Mapping[type[exp.Expression], str] = {
    exp.GT: ">", exp.GTE: "≥", exp.LT: "<", exp.LTE: "≤", exp.Add: "+", exp.Sub: "−", exp.Mul: "×", exp.Div: "÷",
    exp.Mod: "mod",
}  # fmt: skip
_OPPOSITE: Mapping[type[exp.Expression], type[exp.Expression]] = {
    exp.GT: exp.LTE, exp.GTE: exp.LT, exp.LT: exp.GTE, exp.LTE: exp.GT,
}  # fmt: skip
_EQUAL: Mapping[type[exp.Expression], tuple[str, str]] = {exp.EQ: ("is", "="), exp.NEQ: ("is_not", "≠")}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`phrases` as PHRASES names them, their gaps in braces; `names` of columns; by column, `values` that have words, and
    what it says (`missing`, `given`) that the column has none or has one."""

    phrases: Mapping[str, str]
    names: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    def phrase(self, key: str, **gaps: str) -> str:
        return self.phrases[key].format(**gaps)


def worded(text: str, lexicon: Lexicon) -> str:
    """What an expression says. ExpressionError when it cannot be read; whether it fits its columns is checked elsewhere."""
    return _Speaker(lexicon).say(parsed(text).unnest())


class _Speaker:
    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon, self.phrase = lexicon, lexicon.phrase

    def say(self, node: exp.Expression) -> str:
        said = _SAID.get(type(node))
        return said(self, node) if said else self._function(node)

    def _pair(self, node: exp.Expression) -> tuple[str, str]:
        """Both sides, a text by the word that the column beside it has for it."""
        left, right = node.this, node.expression
        return self._value(left, right), self._value(right, left)

    def _value(self, node: exp.Expression, beside: exp.Expression) -> str:
        if isinstance(node, exp.Literal) and node.is_string:
            known = self.lexicon.values.get(beside.name.lower(), {}) if isinstance(beside, exp.Column) else {}
            return known.get(node.name) or node.name or self.phrase("nothing")
        return self.say(node)

    def _list(self, values: Sequence[str]) -> str:
        said = values[0]
        for value in values[1:]:
            said = self.phrase("comma", left=said, right=value)
        return said

    def _and(self, node: exp.And) -> str:
        left, right = (self._grouped(side, exp.Or) for side in (node.this, node.expression))
        return self.phrase("and", left=left, right=right)

    def _grouped(self, node: exp.Expression, *kinds: type[exp.Expression]) -> str:
        inner = node.unnest()
        return self.phrase("group", one=self.say(inner)) if isinstance(inner, kinds) else self.say(inner)

    def _or(self, node: exp.Or) -> str:
        return self.phrase("or", left=self.say(node.this.unnest()), right=self.say(node.expression.unnest()))

    def _not(self, node: exp.Not) -> str:
        inner = node.this.unnest()
        if isinstance(inner, exp.Not):
            return self.say(inner.this.unnest())
        denied = _DENIED.get(type(inner))
        return denied(self, inner, False) if denied else self.phrase("not", one=self._grouped(inner, exp.And, exp.Or))

    def _equal(self, node: exp.EQ | exp.NEQ, so: bool = True) -> str:
        truth = next((side for side in (node.this, node.expression) if isinstance(side, exp.Boolean)), None)
        kind = exp.EQ if isinstance(node, exp.EQ) == so else exp.NEQ
        if truth is not None:
            other = node.expression if truth is node.this else node.this
            return self.say(other if truth.this == (kind is exp.EQ) else exp.Not(this=other.copy()))
        word, sign = _EQUAL[kind]
        left, right = self._pair(node)
        if any(isinstance(side, exp.Literal) and not side.is_string for side in (node.this, node.expression)):
            return f"{left} {sign} {right}"
        return self.phrase(word, left=left, right=right)

    def _sign(self, node: exp.Expression, so: bool = True) -> str:
        left, right = self._pair(node)
        return f"{left} {_SIGNS[type(node) if so else _OPPOSITE[type(node)]]} {right}"

    def _between(self, node: exp.Between, so: bool = True) -> str:
        low, high = node.args["low"], node.args["high"]
        return self.phrase(
            "between" if so else "not_between", one=self.say(node.this), low=self._value(low, node.this),
            high=self._value(high, node.this),
        )  # fmt: skip

    def _in(self, node: exp.In, so: bool = True) -> str:
        values = [self._value(value, node.this) for value in node.expressions]
        if len(values) == 1:
            return self.phrase("is" if so else "is_not", left=self.say(node.this), right=values[0])
        return self.phrase("in" if so else "not_in", one=self.say(node.this), values=self._list(values))

    def _like(self, node: exp.Like, so: bool = True) -> str:
        pattern = self._value(node.expression, node.this)
        return self.phrase("like" if so else "not_like", one=self.say(node.this), pattern=pattern)

    def _is(self, node: exp.Is, so: bool = True) -> str:
        if isinstance(node.expression, exp.Boolean):
            return self.say(node.this if node.expression.this == so else exp.Not(this=node.this.copy()))
        own = self.lexicon.missing if so else self.lexicon.given
        if isinstance(node.this, exp.Column) and node.this.name.lower() in own:
            return own[node.this.name.lower()]
        return self.phrase("missing" if so else "given", one=self.say(node.this))

    def _column(self, node: exp.Column) -> str:
        return self.lexicon.names.get(node.name.lower(), node.name)

    def _literal(self, node: exp.Literal) -> str:
        if node.is_string:
            return node.name or self.phrase("nothing")
        whole, point, cents = node.name.partition(".")
        return f"{int(whole or 0):,}{point}{cents}"

    def _case(self, node: exp.Case) -> str:
        branches, otherwise = node.args["ifs"], node.args.get("default")
        said = [
            self.phrase(
                "case", then=self.say(branch.args["true"]),
                condition=self._equal(exp.EQ(this=node.this, expression=branch.this)) if node.this else self.say(branch.this),
            )
            for branch in branches
        ]  # fmt: skip
        return self._list(said + ([self.phrase("otherwise", then=self.say(otherwise))] if otherwise else []))

    def _if(self, node: exp.If) -> str:
        said = [self.phrase("case", condition=self.say(node.this), then=self.say(node.args["true"]))]
        otherwise = node.args.get("false")
        return self._list(said + ([self.phrase("otherwise", then=self.say(otherwise))] if otherwise else []))

    def _coalesce(self, node: exp.Coalesce) -> str:
        said, *others = [self.say(part) for part in (node.this, *node.expressions)]
        for other in others:
            said = self.phrase("coalesce", one=said, otherwise=other)
        return said

    def _most(self, node: exp.Expression) -> str:
        values = self._list([self.say(part) for part in (node.this, *node.expressions)])
        return self.phrase("least" if isinstance(node, exp.Least) else "greatest", values=values)

    def _date_diff(self, node: exp.DateDiff) -> str:
        unit = f"{node.args['unit'].name.lower()}s"
        return self.phrase(unit, first=self.say(node.expression), last=self.say(node.this))

    def _function(self, node: exp.Expression) -> str:
        parts = [one for arg in node.args.values() for one in (arg if isinstance(arg, list) else [arg])]
        said = [self.say(part) for part in parts if isinstance(part, exp.Expression)]
        return f"{function_name(node)}({', '.join(said)})"


_SAID: Mapping[type[exp.Expression], Callable[..., str]] = {
    exp.And: _Speaker._and,
    exp.Or: _Speaker._or,
    exp.Not: _Speaker._not,
    exp.EQ: _Speaker._equal,
    exp.NEQ: _Speaker._equal,
    **dict.fromkeys(_SIGNS, _Speaker._sign),
    exp.Between: _Speaker._between,
    exp.In: _Speaker._in,
    exp.Like: _Speaker._like,
    exp.Is: _Speaker._is,
    exp.Column: _Speaker._column,
    exp.Literal: _Speaker._literal,
    exp.Boolean: lambda speaker, node: speaker.phrase("yes" if node.this else "no"),
    exp.Null: lambda speaker, node: speaker.phrase("nothing"),
    exp.Paren: lambda speaker, node: speaker.phrase("group", one=speaker.say(node.this)),
    exp.Neg: lambda speaker, node: f"−{speaker.say(node.this)}",
    exp.Case: _Speaker._case,
    exp.If: _Speaker._if,
    exp.Coalesce: _Speaker._coalesce,
    **dict.fromkeys((exp.Least, exp.Greatest), _Speaker._most),
    exp.DateDiff: _Speaker._date_diff,
    **dict.fromkeys((exp.Cast, exp.TryCast), lambda speaker, node: speaker.say(node.this)),
}
_DENIED: Mapping[type[exp.Expression], Callable[..., str]] = {
    exp.EQ: _Speaker._equal,
    exp.NEQ: _Speaker._equal,
    exp.Between: _Speaker._between,
    exp.In: _Speaker._in,
    exp.Like: _Speaker._like,
    exp.Is: _Speaker._is,
    **dict.fromkeys(_OPPOSITE, _Speaker._sign),
}
