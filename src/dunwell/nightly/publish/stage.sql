CREATE TEMP TABLE IF NOT EXISTS stage_party (
    party_no text COLLATE "C" PRIMARY KEY, touches bigint, partition integer, cases boolean, actions boolean
);
CREATE TEMP TABLE IF NOT EXISTS stage_state (
    partition integer, party_no text COLLATE "C", account_no text COLLATE "C", currency text, product text, branch text,
    cycle_day smallint, open_date date, principal_retail numeric(18,2), principal_cash numeric(18,2),
    principal_instalment_billed numeric(18,2), principal_instalment_unbilled numeric(18,2),
    interest_on_balance numeric(18,2), interest_off_balance numeric(18,2), late_charge numeric(18,2),
    other_fees numeric(18,2), disputed_amount numeric(18,2), credit_balance numeric(18,2), credit_limit numeric(18,2),
    block_code text, statement_date date, due_date date, minimum_payment numeric(18,2), host_past_due numeric(18,2),
    host_overdue_since date, host_periods_past_due smallint, auto_debit boolean, auto_debit_result text,
    first_payment_default boolean, paid_since numeric(18,2), balance numeric(18,2), past_due numeric(18,2),
    oldest_due_date date, periods_past_due smallint, days_delinquent integer, bucket text, stage text,
    risk_class text, risk_rule text
);
CREATE TEMP TABLE IF NOT EXISTS stage_due (
    partition integer, party_no text COLLATE "C", account_no text COLLATE "C", statement_date date, due_date date,
    minimum_payment numeric(18,2), amount numeric(18,2)
);
CREATE TEMP TABLE IF NOT EXISTS stage_case (
    partition integer, party_no text COLLATE "C", fate text, close_reason text, currency text, balance numeric(18,2),
    past_due numeric(18,2), oldest_due_date date, days_delinquent integer, bucket text, stage text, segment text,
    first_payment_default boolean, promise_state text, entered_on date, queue text, rank integer, next_rule text,
    next_reason text
);
CREATE TEMP TABLE IF NOT EXISTS stage_action (
    partition integer, party_no text COLLATE "C", step text, cycle date, channel text, purpose text, template text,
    due_on date, segment text, rule text
);
CREATE TEMP TABLE IF NOT EXISTS stage_part (
    partition integer, party_no text COLLATE "C", part_id bigint, promise_id bigint, state text, received numeric(18,2),
    judged_on date, judged_anew boolean, amount numeric(18,2), due_date date, currency text
);
CREATE TEMP TABLE IF NOT EXISTS stage_instalment (
    partition integer, party_no text COLLATE "C", instalment_id bigint, state text, received numeric(18,2), paid_on date
);
CREATE TEMP TABLE IF NOT EXISTS stage_arrangement (
    partition integer, party_no text COLLATE "C", arrangement_id bigint, account_no text COLLATE "C", standing text,
    standing_on date, overdue numeric(18,2), next_due date, currency text
);
CREATE TEMP TABLE IF NOT EXISTS stage_line (
    partition integer, party_no text COLLATE "C", payment_id bigint, position smallint, component text, amount numeric(18,2),
    rule text
);
-- a partition's parties under their locks, the actions planned anew for them, and what the log will say of them
CREATE TEMP TABLE IF NOT EXISTS pub (
    party_no text COLLATE "C" PRIMARY KEY, party_id bigint, fresh boolean, timezone text, case_id bigint, case_no text,
    has_case boolean, opened boolean, cases boolean, actions boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS pub_step (party_id bigint, case_id bigint, step text COLLATE "C") ON COMMIT DELETE ROWS;
CREATE INDEX IF NOT EXISTS pub_party ON pub (party_id);
CREATE INDEX IF NOT EXISTS pub_step_party ON pub_step (party_id);
CREATE TEMP TABLE IF NOT EXISTS pub_said (
    place smallint, kind text, party_id bigint, case_id bigint, account_id bigint, data text
) ON COMMIT DELETE ROWS
