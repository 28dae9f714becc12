//! The mirror's side on this device: the change log and what is made of it.

#![expect(clippy::unwrap_used, reason = "helpers of tests end a test")]

mod alike;
mod bounds;
mod capture;
mod crashes;
mod crashing;
mod disputes;
mod encrypted;
mod exchange;
mod fleet;
mod kept;
mod largest;
mod leaving_out;
mod million;
mod oversize;
mod picture;
mod put_back;
mod rekeyed;
mod resend;
mod returns;
mod stories;
mod values;
