package dev.kapal.engine.core;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.Observer;
import dev.kapal.engine.Observer.Operation;
import dev.kapal.engine.Observer.Step;
import java.util.Optional;
import java.util.function.Supplier;

/** Whoever listens to what the engine does, and how work is shown to them. */
final class Observing {
  private volatile Observer observer = Observer.NONE;

  void use(Observer other) {
    observer = other;
  }

  Observer observer() {
    return observer;
  }

  /** Does some work, and tells when it begins and how it ends. */
  <T> T during(Operation operation, Supplier<T> work) {
    Step step = observer.begin(operation);
    Optional<Throwable> failure = Optional.empty();
    try {
      return work.get();
    } catch (EngineException.Unchanged e) {
      // It was so already: nothing has failed.
      throw e;
    } catch (RuntimeException | Error e) {
      failure = Optional.of(e);
      throw e;
    } finally {
      step.end(failure);
    }
  }

  /** The same for work without a result. */
  void during(Operation operation, Runnable work) {
    var _ =
        this.<Optional<Void>>during(
            operation,
            () -> {
              work.run();
              return Optional.empty();
            });
  }
}
