package dev.kapal.cri.stats;

import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.Engine;

/** Metrics with the names of cAdvisor. */
public record MetricsCalls(Engine engine) implements CallGroup {
  @Override
  public void bind(Calls calls) {}
}
