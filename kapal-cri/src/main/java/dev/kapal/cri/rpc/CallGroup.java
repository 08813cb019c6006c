package dev.kapal.cri.rpc;

/** Some of the interface's calls. */
@FunctionalInterface
public interface CallGroup {
  /** Names the methods that answer them. */
  void bind(Calls calls);
}
