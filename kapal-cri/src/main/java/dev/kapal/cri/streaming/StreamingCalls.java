package dev.kapal.cri.streaming;

import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.Engine;

/** Exec, Attach and PortForward. */
public record StreamingCalls(Engine engine) implements CallGroup {
  @Override
  public void bind(Calls calls) {}
}
