//! placeholder
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;

/// Notes that the caller was heard.
///
/// # Errors
/// Faults only.
pub fn seen(tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
    let _ = (tx, ctx);
    Ok(())
}
