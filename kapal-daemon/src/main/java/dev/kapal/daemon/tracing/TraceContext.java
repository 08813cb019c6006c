package dev.kapal.daemon.tracing;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where in a trace something is (W3C Trace Context).
 *
 * @param traceId 32 hexadecimal digits
 * @param spanId 16 hexadecimal digits
 * @param sampled whether it is recorded
 * @param state the caller's header {@code tracestate}, passed on as it is; empty: none
 */
record TraceContext(String traceId, String spanId, boolean sampled, String state) {
  private static final Pattern HEADER =
      Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");
  private static final int LONGEST = 512;
  private static final long ALL = 1_000_000;

  /**
   * Reads the headers of a call.
   *
   * @return empty: there is no valid {@code traceparent}, so the call begins a trace
   */
  static Optional<TraceContext> parse(Optional<String> parent, Optional<String> state) {
    Optional<Matcher> matcher =
        parent.filter(p -> p.length() <= LONGEST).map(HEADER::matcher).filter(Matcher::matches);
    if (matcher.isEmpty()) {
      return Optional.empty();
    }
    Matcher m = matcher.get();
    boolean future = !m.group(1).equals("00");
    boolean valid =
        !m.group(1).equals("ff")
            && (future || m.group(5) == null)
            && !m.group(2).matches("0+")
            && !m.group(3).matches("0+");
    return valid
        ? Optional.of(
            new TraceContext(
                m.group(2),
                m.group(3),
                (Integer.parseInt(m.group(4), 16) & 1) != 0,
                state.filter(s -> s.length() <= LONGEST).orElse("")))
        : Optional.empty();
  }

  /**
   * A new trace.
   *
   * @param perMillion how many of a million are recorded; the trace's id decides, so that others
   *     who look at it decide alike
   */
  static TraceContext begin(long perMillion) {
    String traceId = id() + id();
    // The low 63 bits against the share of them, as OpenTelemetry's TraceIdRatioBased.
    long low = Long.parseUnsignedLong(traceId.substring(16), 16) & Long.MAX_VALUE;
    boolean sampled =
        perMillion >= ALL || low < (long) (perMillion / (double) ALL * Long.MAX_VALUE);
    return new TraceContext(traceId, id(), sampled, "");
  }

  /** One step below. */
  TraceContext child() {
    return new TraceContext(traceId, id(), sampled, state);
  }

  private static String id() {
    long id = 0;
    while (id == 0) {
      id = ThreadLocalRandom.current().nextLong();
    }
    return String.format("%016x", id);
  }
}
