package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PollerTest {
  private final Descriptors files = Linux.system().descriptors();
  private final Poller poller = Linux.system().newPoller("test-poller");
  private final Descriptors.Pipe pipe = files.pipe(0);

  @AfterEach
  void end() {
    poller.close();
    pipe.close();
  }

  @Test
  void tellsWhatIsReady() throws InterruptedException {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    byte[] buffer = new byte[10];
    poller.register(
        pipe.reader(),
        EnumSet.of(Poller.Ready.READ),
        ready -> {
          int n = files.read(pipe.reader(), buffer, 0, 10);
          seen.add(ready + " " + n + " " + poller.inPollerThread());
          if (n == 0) {
            poller.close();
          }
        });
    files.write(pipe.writer(), new byte[3], 0, 3);
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("[READ] 3 true");
    assertThat(seen.poll(30, TimeUnit.MILLISECONDS)).isNull();
    pipe.writer().close();
    assertThat(seen.poll(10, TimeUnit.SECONDS)).isEqualTo("[HANG_UP] 0 true");
    assertThat(poller.inPollerThread()).isFalse();
  }

  @Test
  void interestCanChange() throws InterruptedException {
    AtomicInteger calls = new AtomicInteger();
    Poller.Registration registration =
        poller.register(
            pipe.writer(), EnumSet.noneOf(Poller.Ready.class), _ -> calls.incrementAndGet());
    Thread.sleep(30);
    assertThat(calls).hasValue(0);
    registration.interest(EnumSet.of(Poller.Ready.WRITE));
    long end = System.nanoTime() + 10_000_000_000L;
    while (calls.get() == 0 && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertThat(calls.get()).isPositive();
    registration.interest(Set.of());
  }

  @Test
  void removingWaitsForTheHandlerAndEndsIt() throws InterruptedException {
    CountDownLatch inside = new CountDownLatch(1);
    AtomicInteger after = new AtomicInteger();
    Poller.Registration registration =
        poller.register(
            pipe.writer(),
            EnumSet.of(Poller.Ready.WRITE),
            _ -> {
              inside.countDown();
              Polling.pause(50_000_000);
              after.incrementAndGet();
            });
    assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
    registration.remove();
    int then = after.get();
    assertThat(then).isPositive();
    Thread.sleep(80);
    assertThat(after).hasValue(then);
    registration.remove();
    registration.close();
  }

  @Test
  void aHandlerThatFailsIsDroppedAndTheOthersGoOn() throws InterruptedException {
    AtomicInteger failures = new AtomicInteger();
    poller.register(
        pipe.writer(),
        EnumSet.of(Poller.Ready.WRITE),
        _ -> {
          failures.incrementAndGet();
          throw new IllegalStateException("expected by a test");
        });
    Thread.sleep(30);
    CountDownLatch ran = new CountDownLatch(1);
    poller.execute(ran::countDown);
    assertThat(ran.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(failures).hasValue(1);
  }

  @Test
  void runsTasksInOrder() throws InterruptedException {
    BlockingQueue<Integer> order = new LinkedBlockingQueue<>();
    for (int i = 0; i < 1000; i++) {
      int n = i;
      poller.execute(() -> order.add(n));
    }
    for (int i = 0; i < 1000; i++) {
      assertThat(order.poll(10, TimeUnit.SECONDS)).isEqualTo(i);
    }
  }

  @Test
  void closes() {
    assertThatThrownBy(
            () -> {
              poller.register(pipe.reader(), Set.of(Poller.Ready.READ), _ -> {});
              poller.register(pipe.reader(), Set.of(Poller.Ready.READ), _ -> {});
            })
        .hasMessageContaining("EEXIST");
    poller.close();
    poller.close();
    assertThatThrownBy(() -> poller.execute(() -> {})).isInstanceOf(IllegalStateException.class);
  }
}
