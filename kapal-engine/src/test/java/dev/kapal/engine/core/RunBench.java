package dev.kapal.engine.core;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Attachment;
import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.spec.ContainerSpec;
import java.util.Arrays;

/** Measures {@code run --rm busybox true} inside the engine. Not a test: run its main method. */
final class RunBench {
  private RunBench() {}

  public static void main(String[] args) throws Exception {
    int warm = args.length > 0 ? Integer.parseInt(args[0]) : 300;
    int n = args.length > 1 ? Integer.parseInt(args[1]) : 200;
    try (RealEngine real = RealEngine.create("bench")) {
      long[] all = new long[n];
      long[] started = new long[n];
      for (int i = 0; i < warm + n; i++) {
        ContainerSpec spec = RealEngine.spec("true").autoRemove(true).build();
        long t = System.nanoTime();
        Containers.Running r = real.engine.containers().run(spec, AttachRequest.nothing());
        long s = System.nanoTime();
        try (Attachment a = r.attachment()) {
          a.await();
        }
        try {
          real.engine.containers().await(r.created().id(), Containers.WaitCondition.REMOVED);
        } catch (EngineException.NotFound removed) {
          // already
        }
        if (i >= warm) {
          all[i - warm] = System.nanoTime() - t;
          started[i - warm] = s - t;
        }
      }
      Arrays.sort(all);
      Arrays.sort(started);
      System.out.printf(
          "run --rm true: median %.2f ms, p90 %.2f ms; to started: median %.2f ms%n",
          all[n / 2] / 1e6, all[n * 9 / 10] / 1e6, started[n / 2] / 1e6);
    }
  }
}
