// SPDX-License-Identifier: Apache-2.0
//! What the reference's command line sets up when it exports (`ockam_api::logs`), but for the exporter: messages
//! then say which trace they belong to, and spans go nowhere.

use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::TracerProvider};
use tracing_subscriber::{layer::SubscriberExt, registry, util::SubscriberInitExt};

/// Once, before the node starts.
pub fn begin() {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = TracerProvider::builder().build();
    let tracer = provider.tracer("ockam");
    global::set_tracer_provider(provider);
    registry().with(tracing_opentelemetry::layer().with_tracer(tracer)).init();
}
