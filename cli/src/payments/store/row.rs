//! A row of the table `intents`, read back.

use payname_resolver::{Amount, Handle, UnixTime};
use rusqlite::Row;

use crate::{
    node::{PaymentId, Settlement},
    payments::{Intent, NewIntent, State},
};

/// Reads a row of `intents`.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let bad = |column: &'static str| {
        let message = format!("the column `{column}` holds something else");
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, message.into())
    };
    let handle: Handle = row
        .get::<_, String>("handle")?
        .parse()
        .map_err(|_| bad("handle"))?;
    let amount = |column: &'static str| {
        let msat = u64::try_from(row.get::<_, i64>(column)?).map_err(|_| bad(column))?;
        Amount::from_msat(msat).map_err(|_| bad(column))
    };
    let number = |column: &'static str| -> rusqlite::Result<Option<u64>> {
        let number: Option<i64> = row.get(column)?;
        number
            .map(|number| u64::try_from(number).map_err(|_| bad(column)))
            .transpose()
    };
    let settlement = match (row.get("payment_hash")?, row.get("preimage")?) {
        (Some(payment_hash), Some(preimage)) => Some(Settlement {
            payment_hash,
            preimage,
            fee_msat: number("fee_msat")?,
        }),
        _ => None,
    };
    Ok(Intent {
        meant: NewIntent {
            id: row.get::<_, String>("id")?.parse().map_err(|_| bad("id"))?,
            handle,
            uri: row.get("uri")?,
            proof: row.get("proof")?,
            offer: row.get("offer")?,
            amount: amount("amount_msat")?,
            max_fee: amount("max_fee_msat")?,
            note: row.get("note")?,
            network: row.get("network")?,
            node: row.get("node")?,
            intended_at: UnixTime(number("intended_at")?.unwrap_or_default()),
        },
        state: State::from_name(&row.get::<_, String>("state")?).ok_or_else(|| bad("state"))?,
        payment_id: row.get::<_, Option<String>>("payment_id")?.map(PaymentId),
        settlement,
        failure: row.get("failure")?,
        ended_at: number("ended_at")?.map(UnixTime),
    })
}

/// SQLite's integers are signed; amounts and times are far below the limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
