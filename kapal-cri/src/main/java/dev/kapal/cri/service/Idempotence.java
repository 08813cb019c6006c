package dev.kapal.cri.service;

import dev.kapal.engine.EngineException;
import io.grpc.Status;
import java.util.function.Supplier;

/** What is gone, or as it should be, is no error when it is ended or removed. */
final class Idempotence {
  private Idempotence() {}

  static void unlessDone(Runnable change) {
    try {
      change.run();
    } catch (EngineException.NotFound | EngineException.Unchanged e) {
      // Somebody else was faster, or the caller asks again.
    }
  }

  /**
   * Makes something that there can be once.
   *
   * @param existing looks for what is there under its name
   * @return its ID
   */
  static String once(Supplier<String> make, Supplier<?> existing) {
    try {
      return make.get();
    } catch (EngineException.Conflict e) {
      if (there(existing)) {
        throw Status.ALREADY_EXISTS
            .withDescription(e.getMessage())
            .withCause(e)
            .asRuntimeException();
      }
      throw e;
    }
  }

  private static boolean there(Supplier<?> existing) {
    try {
      var _ = existing.get();
      return true;
    } catch (EngineException e) {
      return false;
    }
  }
}
