// SPDX-License-Identifier: Apache-2.0
//! Stand-in for the withdrawn crate core2 0.4.0: with std, its modules are those of std.
pub use std::{error, io};
