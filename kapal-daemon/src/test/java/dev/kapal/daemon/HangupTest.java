package dev.kapal.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class HangupTest {
  @Test
  void whatComesBeforeThereIsATaskIsDoneOnceThereIsOne() {
    Hangup hangup = Hangup.heard();
    hangup.came();
    hangup.came();
    AtomicInteger runs = new AtomicInteger();
    hangup.runs(runs::incrementAndGet);
    assertThat(runs).hasValue(1);
    hangup.came();
    assertThat(runs).hasValue(2);
  }

  @Test
  void nothingRunsBeforeTheSignalComes() {
    AtomicInteger runs = new AtomicInteger();
    Hangup.heard().runs(runs::incrementAndGet);
    assertThat(runs).hasValue(0);
  }

  @Test
  void theSignalDoesNotEndTheProcess() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    Hangup.heard().runs(runs::incrementAndGet);
    String pid = Long.toString(ProcessHandle.current().pid());
    assertThat(new ProcessBuilder("kill", "-HUP", pid).start().waitFor()).isZero();
    for (int i = 0; i < 500 && runs.get() == 0; i++) {
      Thread.sleep(10);
    }
    assertThat(runs).hasValue(1);
  }
}
