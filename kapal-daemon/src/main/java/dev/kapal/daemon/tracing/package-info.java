/**
 * Traces of the calls of the kubelet's interface, sent by OTLP over HTTP in its JSON encoding. It
 * is Kapal's own, and small: what the SDK of OpenTelemetry has beyond it, nobody here would use,
 * and no exporter of it comes without an HTTP client of its own.
 */
@NullMarked
package dev.kapal.daemon.tracing;

import org.jspecify.annotations.NullMarked;
