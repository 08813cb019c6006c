package dev.kapal.engine.core;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Steps back. Each thing done is followed by how to undo it; unless all went well they are undone,
 * the last one first. One that fails does not keep the others from it: what it leaves is found when
 * the engine opens the next time.
 */
final class Undo implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Undo.class.getName());

  private final Deque<Runnable> steps = new ArrayDeque<>();

  void push(Runnable step) {
    steps.push(step);
  }

  /** All went well. */
  void commit() {
    steps.clear();
  }

  @Override
  public void close() {
    while (!steps.isEmpty()) {
      try {
        steps.pop().run();
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "a step could not be undone", e);
      }
    }
  }
}
