package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Many containers, many clients: nothing is left behind and nothing is mixed up. */
final class EnduranceTest {
  private static Daemon daemon;

  @BeforeAll
  static void start() {
    daemon = Daemon.start();
  }

  @AfterAll
  static void stop() {
    daemon.close();
  }

  @Test
  void aThousandRunsLeaveNothing() throws Exception {
    for (int i = 0; i < 20; i++) {
      daemon.ok("run", "--rm", "--network", "none", "busybox", "true");
    }
    Traces before = Traces.settled(daemon);
    long descriptors = Traces.descriptors(daemon);
    try (ExecutorService four = Executors.newFixedThreadPool(4)) {
      List<Callable<Result>> runs = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        String word = "n" + i;
        runs.add(() -> {
          Result result =
              daemon.command("run", "--rm", "--network", "none", "busybox", "echo", word);
          assertThat(result.out()).isEqualTo(word + "\n");
          return result.mustSucceed();
        });
      }
      for (Future<Result> run : four.invokeAll(runs)) {
        run.get();
      }
    }
    assertThat(daemon.ok("ps", "-aq")).isEmpty();
    assertThat(Traces.settled(daemon)).isEqualTo(before);
    assertThat(Traces.descriptors(daemon)).isLessThan(descriptors + 10);
  }

  @Test
  void ahundredClientsAtOnce() throws Exception {
    try (ExecutorService hundred = Executors.newFixedThreadPool(100)) {
      List<Callable<String>> runs = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String word = "client" + i;
        runs.add(() ->
            daemon
                .commandWithInput(word, "run", "-i", "--rm", "--network", "none", "busybox", "cat")
                .mustSucceed()
                .out());
      }
      List<Future<String>> results = hundred.invokeAll(runs);
      for (int i = 0; i < 100; i++) {
        assertThat(results.get(i).get()).isEqualTo("client" + i);
      }
    }
    assertThat(daemon.ok("ps", "-aq")).isEmpty();
  }
}
