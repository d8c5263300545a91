-- No strategy is approved for the day: cases open and close, nobody is sent to them and nothing is planned.
CREATE OR REPLACE TABLE party_segment AS SELECT party_no, 'none' AS segment, '' AS rule FROM party_state WHERE FALSE;

CREATE OR REPLACE TABLE planned_action AS
SELECT party_no, '' AS step, oldest_due_date AS cycle, '' AS channel, '' AS purpose, '' AS template, oldest_due_date AS due_on,
       '' AS segment, '' AS rule
FROM party_state
WHERE FALSE;

CREATE OR REPLACE TABLE case_row AS
SELECT party_no, '' AS queue, 0 AS rank, '' AS next_rule, '{}' AS next_reason FROM party_state WHERE FALSE;
