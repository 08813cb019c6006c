package dev.kapal.daemon.tracing;

import java.util.Map;
import java.util.Optional;

/**
 * A step of a trace that is over.
 *
 * @param at its place in the trace
 * @param parent the id of the step that it is part of; empty: it is the first
 * @param name what was done
 * @param server whether a caller waited for it; otherwise it is work of Kapal's own
 * @param began in nanoseconds since 1970
 * @param ended likewise
 * @param attributes strings and longs by name
 * @param error why it failed; empty: it did not
 */
record Span(
    TraceContext at,
    Optional<String> parent,
    String name,
    boolean server,
    long began,
    long ended,
    Map<String, Object> attributes,
    Optional<String> error) {}
