-- Money that moved after the position's close, announced payments included until the host has answered them. Only
-- counted money lowers what is past due; every receipt lowers the balance, and below nothing it is a credit balance.
-- A reversal raises what is past due again, at most to what had become due.
CREATE OR REPLACE TABLE account_now AS
SELECT c.account_no, t.derived,
       t.past_due_at_close,
       coalesce(m.counted, 0) AS paid_since,
       CAST(c.closing_balance - coalesce(m.moved, 0) AS DECIMAL(18, 2)) AS balance,
       CAST(CASE
           WHEN coalesce(m.counted, 0) = 0 THEN t.past_due_at_close
           ELSE greatest(0, least(
               t.past_due_at_close - coalesce(m.counted, 0),
               greatest(t.past_due_at_close, coalesce(d.late, 0)),
               greatest(0, c.closing_balance - coalesce(m.moved, 0))
           ))
       END AS DECIMAL(18, 2)) AS past_due_exact
FROM candidate AS c
JOIN closing AS t ON t.account_no = c.account_no
LEFT JOIN (
    SELECT account_no, sum(CASE WHEN counts THEN amount ELSE 0 END) AS counted, sum(amount) AS moved
    FROM movement WHERE since_position GROUP BY account_no
) AS m ON m.account_no = c.account_no
LEFT JOIN (
    SELECT d.account_no, sum(d.amount) AS late FROM due AS d JOIN parameter AS k ON d.due_date < k.late_before GROUP BY d.account_no
) AS d ON d.account_no = c.account_no;
