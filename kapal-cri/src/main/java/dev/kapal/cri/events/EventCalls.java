package dev.kapal.cri.events;

import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.Engine;

/** The stream of events. */
public record EventCalls(Engine engine) implements CallGroup {
  @Override
  public void bind(Calls calls) {}
}
