package dev.kapal.daemon.tracing;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What became of the spans of this daemon. */
public final class SpanCounts {
  final LongAdder sent = new LongAdder();
  final LongAdder dropped = new LongAdder();
  final LongAdder failed = new LongAdder();

  /** How many, by outcome. */
  public Map<String, Long> all() {
    Map<String, Long> all = new LinkedHashMap<>();
    all.put("sent", sent.sum());
    all.put("dropped", dropped.sum());
    all.put("failed", failed.sum());
    return all;
  }
}
