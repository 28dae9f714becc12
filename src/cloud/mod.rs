//! The Postgres side of the mirror, as far as this binary brings it about.
//!
//! Not here: moving rows (`sync/`), the functions themselves (`supabase/migrations`).

pub mod connect;
pub mod migrate;
