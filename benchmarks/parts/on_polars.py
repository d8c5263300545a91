"""The core of the night in Polars, step for step as the programs have it, with money as whole cents.

Read beside src/dunwell/arrears/sql: take_in, movements, dues, apply_payments, age, classify. Polars is a peer of the benchmark and
nothing else; it is in requirements/bench.lock.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
from polars import col, lit

MONEY = ("balance", "past_due_amount", "minimum_payment", "amount")


def _read(path: Path) -> pl.LazyFrame:
    """A frozen input, its amounts as cents."""
    rows = pl.scan_parquet(path)
    money = [name for name, kind in rows.collect_schema().items() if isinstance(kind, pl.Decimal)]
    return rows.with_columns((col(name).cast(pl.Float64) * 100).round().cast(pl.Int64) for name in money)


def core(files: dict[str, Path], as_of: date, target: Path) -> None:
    """Write the answer (steps.ANSWER) of all accounts looked at."""
    told = {name: _read(path) for name, path in files.items()}
    numbers = told["parameter"].collect().row(0, named=True)
    late_before = numbers["late_before"]
    looked_at = _looked_at(told)
    moved = _moved(told, looked_at, as_of)
    due = _dues(told, looked_at, moved, numbers, as_of)
    answer = _aged(told, looked_at, moved, due, numbers, as_of, late_before)
    answer.with_columns(
        (col(name) / 100).round(2).cast(pl.Decimal(18, 2)) for name in ("balance", "past_due")
    ).sink_parquet(target, compression="snappy", row_group_size=122_880)


def _looked_at(told: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    position = told["position"]
    unsaid = col("past_due_amount").is_null() & (col("balance") > 0)
    late = position.filter((col("past_due_amount") > 0) | unsaid).select("party_no")
    parties = pl.concat([late, told["working_party"].select("party_no")]).unique()
    return position.join(parties, on="party_no", how="semi").select(
        "account_no", "party_no", "currency", "product", "open_date", col("balance").alias("closing_balance"), "statement_date",
        "due_date", col("minimum_payment").fill_null(0), "past_due_amount", "overdue_since", "periods_past_due",
    ).collect().lazy()  # fmt: skip


def _moved(told: dict[str, pl.LazyFrame], looked_at: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Money in (positive) and back, whether it counts, and whether it came after the position."""
    mine = looked_at.select("account_no")
    receipt, back, booking = (
        told[t].join(mine, on="account_no", how="semi") for t in ("receipt", "taken_back", "booking")
    )
    known = receipt.filter(~col("provisional")).select("account_no", "host_ref")
    reversed_ = booking.select("account_no", col("host_ref").alias("reverses_ref"), col("type").alias("type_before"),
                               col("counts_to_minimum").alias("counted_before"))  # fmt: skip
    is_back = col("type") == "reversal"
    before = col("type_before").fill_null("repayment")
    hosts = (
        booking.join(known, on=["account_no", "host_ref"], how="anti")
        .join(back.select("account_no", "host_ref"), on=["account_no", "host_ref"], how="anti")
        .join(reversed_, on=["account_no", "reverses_ref"], how="left")
        .filter(~is_back | before.is_in(["repayment", "merchant_refund", "chargeback"]))
        .select(
            "account_no",
            pl.when(is_back).then(-col("amount")).otherwise(col("amount")).alias("amount"),
            "posting_date",
            pl.coalesce(
                col("counts_to_minimum"),
                pl.when(is_back).then(col("counted_before")),
                pl.when(is_back).then(before == "repayment").otherwise(col("type") == "repayment"),
            ).alias("counts"),
            (col("posting_date") > as_of).alias("since"),
        )
    )
    after = (col("posting_date") > as_of) | (col("business_date") > as_of)
    columns = ["account_no", "amount", "posting_date", "counts", "since"]
    received = receipt.filter(col("answer") == "").with_columns((col("provisional") | after).alias("since"))
    taken = back.with_columns(-col("amount"), after.alias("since"))
    return pl.concat([received.select(columns), taken.select(columns), hosts.select(columns)]).collect().lazy()


def _dues(
    told: dict[str, pl.LazyFrame], looked_at: pl.LazyFrame, moved: pl.LazyFrame, numbers: dict, as_of: date
) -> pl.LazyFrame:
    """What each statement newly asked for, numbered from the oldest."""
    kept = ["account_no", "product", "statement_date", "due_date", "minimum_payment"]
    hosts = looked_at.select(kept)
    stated = told["statement"].join(looked_at.select("account_no", "product"), on="account_no")
    own = hosts.filter(col("due_date").is_not_null()).join(
        stated.select("account_no", "statement_date"), on=["account_no", "statement_date"], how="anti"
    )
    pays_on = told["day_off"].select(col("day").alias("due_date"), "pays_on")
    policy = told["product_rule"].select("product", col("due_on_holiday"))
    line = (
        pl.concat([stated.select(kept), own])
        .filter(col("statement_date") <= as_of)
        .join(policy, on="product", how="left")
        .join(pays_on, on="due_date", how="left")
        .with_columns(
            pl.when(col("due_on_holiday").fill_null(numbers["due_on_holiday"]) == "next_working_day")
            .then(pl.coalesce("pays_on", "due_date"))
            .otherwise(col("due_date"))
            .alias("due_date")
        )
        .sort("account_no", "statement_date")
        .with_columns(col("statement_date").cum_count().over("account_no").alias("nr"))
    )
    # money posted on a statement's day comes before it: a payment belongs to the last statement of an earlier day
    counted = (
        moved.filter(col("counts") & ~col("since")).select("account_no", "posting_date", "amount").sort("posting_date")
    )
    paid = (
        counted.with_columns((col("posting_date") - timedelta(days=1)).alias("day"))
        .sort("day")
        .join_asof(
            line.select("account_no", "statement_date", "nr").sort("statement_date"),
            left_on="day", right_on="statement_date", by="account_no", strategy="backward",
        )
        .filter(col("nr").is_not_null())
        .group_by("account_no", "nr")
        .agg(col("amount").sum().alias("paid"))
    )  # fmt: skip
    return (
        line.join(paid, on=["account_no", "nr"], how="left")
        .with_columns(col("paid").fill_null(0))
        .sort("account_no", "nr")
        .with_columns((col("minimum_payment") - col("paid")).shift(1).over("account_no").fill_null(0).alias("carried"))
        .with_columns((col("minimum_payment") - col("carried").clip(lower_bound=0)).clip(lower_bound=0).alias("amount"))
        .collect()
        .lazy()
    )


def _aged(
    told: dict[str, pl.LazyFrame], looked_at: pl.LazyFrame, moved: pl.LazyFrame, due: pl.LazyFrame, numbers: dict, as_of: date,
    late_before: date,
) -> pl.LazyFrame:  # fmt: skip
    late_due = due.filter(col("due_date") < late_before)
    not_yet = pl.when(col("due_date") >= late_before).then(col("amount")).otherwise(0)
    closing = due.group_by("account_no").agg(
        (col("minimum_payment") - col("paid")).sort_by("nr").last().clip(lower_bound=0).alias("unpaid"),
        not_yet.sum().alias("not_yet_late"),
    )
    since = moved.filter(col("since")).group_by("account_no").agg(
        (col("amount") * col("counts")).sum().alias("paid_since"), col("amount").sum().alias("moved"),
    )  # fmt: skip
    now = (
        looked_at.join(closing, on="account_no", how="left")
        .join(since, on="account_no", how="left")
        .join(late_due.group_by("account_no").agg(col("amount").sum().alias("fallen_due")), on="account_no", how="left")
        .with_columns(col("unpaid", "not_yet_late", "paid_since", "moved", "fallen_due").fill_null(0))
        .with_columns(
            pl.coalesce("past_due_amount", (col("unpaid") - col("not_yet_late")).clip(lower_bound=0)).alias("at_close"),
            (col("past_due_amount").is_null() | col("overdue_since").is_null()).alias("derived"),
            (col("closing_balance") - col("moved")).alias("balance"),
        )
        .with_columns(
            pl.when(col("paid_since") == 0)
            .then(col("at_close"))
            .otherwise(
                pl.min_horizontal(
                    col("at_close") - col("paid_since"), pl.max_horizontal("at_close", "fallen_due"),
                    col("balance").clip(lower_bound=0),
                ).clip(lower_bound=0)
            )
            .alias("exact")
        )
    )  # fmt: skip
    unpaid = (
        late_due.filter(col("amount") > 0)
        .sort("account_no", "nr", descending=[False, True])
        .with_columns(
            col("amount").cum_sum().over("account_no").alias("from_here"),
            col("amount").sum().over("account_no").alias("dues_late"),
        )
        .join(now.select("account_no", "exact"), on="account_no")
        .filter(col("from_here") - col("amount") < col("exact"))
        .group_by("account_no")
        .agg(
            col("due_date").min().alias("oldest_due"),
            pl.len().cast(pl.Int64).alias("unpaid_periods"),
            col("dues_late").max(),
        )
    )
    rule = told["product_rule"].select("product", "grace_days", "grace_policy")
    tolerance = told["tolerance"]
    general = tolerance.filter(col("product") == "").select("currency", col("amount").alias("tolerated"))
    own = tolerance.filter(col("product") != "").select("product", "currency", col("amount").alias("tolerated_own"))
    moved_since = col("paid_since") != 0
    aged = (
        now.join(unpaid, on="account_no", how="left")
        .join(rule, on="product", how="left")
        .join(general, on="currency", how="left")
        .join(own, on=["product", "currency"], how="left")
        .with_columns(
            col("grace_days").fill_null(numbers["grace_days"]), col("grace_policy").fill_null(numbers["grace_policy"]),
            col("dues_late").fill_null(0),
            (col("exact") > pl.when(col("derived") | moved_since)
             .then(pl.coalesce("tolerated_own", "tolerated", lit(0))).otherwise(0)).alias("late"),
        )
        .with_columns(
            pl.when("late").then(col("exact")).otherwise(0).alias("past_due"),
            pl.when(~col("late")).then(None)
            .when(col("overdue_since").is_null())
            .then(pl.coalesce("oldest_due", pl.when(col("due_date") < late_before).then(col("due_date")), lit(as_of)))
            .when(~moved_since | col("oldest_due").is_null() | (col("exact") > col("dues_late"))).then(col("overdue_since"))
            .when(col("paid_since") > 0).then(pl.max_horizontal("overdue_since", "oldest_due"))
            .otherwise(pl.min_horizontal("overdue_since", "oldest_due")).alias("oldest_due_date"),
            pl.when(~col("late")).then(0)
            .when(~moved_since & col("periods_past_due").is_not_null()).then(col("periods_past_due"))
            .otherwise(pl.coalesce("unpaid_periods", "periods_past_due", lit(1))).cast(pl.Int64).alias("periods"),
        )
        .with_columns((lit(as_of) - col("oldest_due_date")).dt.total_days().clip(lower_bound=0).fill_null(0).alias("days"))
        .with_columns(
            pl.when(col("days") <= col("grace_days")).then(0)
            .when(col("grace_policy") == "subtract").then(col("days") - col("grace_days"))
            .otherwise(col("days")).alias("unpaused")
        )
    )  # fmt: skip
    delinquent = (
        aged.join(_paused(told, aged, as_of), on="account_no", how="left")
        .with_columns((col("unpaused") - col("paused").fill_null(0)).clip(lower_bound=0).alias("days_delinquent"))
        .sort("days_delinquent")
    )
    edges = [told[t].select(col("from_day").cast(pl.Int64).alias("days_delinquent"), name).sort("days_delinquent")
             for t, name in (("bucket_edge", "bucket"), ("stage_edge", "stage"))]  # fmt: skip
    first = due.group_by("account_no", col("due_date").alias("oldest_due_date")).agg(
        col("statement_date").max().alias("of_statement")
    )
    age_then = (
        pl.coalesce("of_statement", pl.when(col("due_date") == col("oldest_due_date")).then(col("statement_date")))
        - col("open_date")
    ).dt.total_days()
    return (
        delinquent.join_asof(edges[0], on="days_delinquent")
        .join_asof(edges[1], on="days_delinquent")
        .join(first, on=["account_no", "oldest_due_date"], how="left")
        .select(
            "account_no", "balance", "past_due", "oldest_due_date", "periods", "days_delinquent", "bucket",
            pl.when(col("past_due") > 0).then(col("stage")).otherwise(lit("")).alias("stage"),
            ((col("past_due") > 0) & age_then.is_between(0, 31)).fill_null(value=False).alias("first_payment_default"),
        )
    )  # fmt: skip


def _paused(told: dict[str, pl.LazyFrame], aged: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """Days after the oldest due date on which a pause stood, each once."""
    tomorrow = as_of + timedelta(days=1)
    pause = told["pause"].join(told["pausing_hold"], on="kind", how="semi").select(
        "party_no", col("account_no").alias("of_account"), "first_day", "goes_on"
    )  # fmt: skip
    late = aged.filter(col("oldest_due_date").is_not_null()).select("account_no", "party_no", "oldest_due_date")
    return (
        late.join(pause, on="party_no")
        .filter(col("of_account").is_null() | (col("of_account") == col("account_no")))
        .select(
            "account_no",
            pl.max_horizontal("first_day", col("oldest_due_date") + timedelta(days=1)).alias("first_day"),
            pl.min_horizontal(col("goes_on").fill_null(tomorrow), lit(tomorrow)).alias("goes_on"),
        )
        .filter(col("first_day") < col("goes_on"))
        .sort("account_no", "first_day", "goes_on")
        .with_columns(col("goes_on").cum_max().shift(1).over("account_no").alias("before"))
        .with_columns(
            (col("goes_on") - pl.max_horizontal("first_day", "before"))
            .dt.total_days()
            .clip(lower_bound=0)
            .alias("days")
        )
        .group_by("account_no")
        .agg(col("days").sum().alias("paused"))
    )
