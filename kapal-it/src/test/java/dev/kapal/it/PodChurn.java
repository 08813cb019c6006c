package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cri.proto.Container;
import dev.kapal.cri.proto.ContainerConfig;
import dev.kapal.cri.proto.ContainerState;
import dev.kapal.cri.proto.ContainerStatus;
import dev.kapal.cri.proto.PodSandbox;
import dev.kapal.cri.proto.PodSandboxConfig;
import dev.kapal.cri.proto.PodSandboxState;
import dev.kapal.cri.proto.PodSandboxStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Pods that come and go while the daemon is killed: several workers, each of which does as a
 * kubelet does, every step again until it is done. A call that was cut off is UNAVAILABLE and no
 * other failure is allowed; what it did all the same is found by its name.
 */
final class PodChurn {
  private static final int WORKERS = 4;
  private static final long LIMIT = TimeUnit.SECONDS.toNanos(120);

  private final CriClient cri;
  private final Path folder;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger done = new AtomicInteger();
  private final Map<String, String> addresses = new ConcurrentHashMap<>();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final AtomicInteger cutOff = new AtomicInteger();

  /** One that lives through all of it, as it was in the beginning. */
  private record Keeper(
      String name, String pod, String container, long started, String address, Path log) {}

  private final List<Keeper> keepers = new ArrayList<>();

  PodChurn(CriClient cri, Path folder) {
    this.cri = cri;
    this.folder = folder;
  }

  /** Runs pods that stay; each counts in its log. */
  void keep(int pods) {
    for (int i = 0; i < pods; i++) {
      String name = "keeper" + i;
      PodSandboxConfig config =
          cri.pod(name, i % 2 == 1).toBuilder().setLogDirectory(folder.toString()).build();
      String pod = cri.run(config);
      ContainerConfig.Builder counting =
          CriClient.container(
                  "c", "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.5; done")
              .setLogPath(name + ".log");
      String container = cri.create(pod, config, counting);
      cri.start(container);
      String address = cri.status(pod).getNetwork().getIp();
      assertThat(addresses.put(address, name)).as("another pod with " + address).isNull();
      keepers.add(
          new Keeper(
              name,
              pod,
              container,
              cri.container(container).getStartedAt(),
              address,
              folder.resolve(name + ".log")));
    }
  }

  /** Starts as many pods and ends them, and between calls kill now and then. */
  void run(int pods, Runnable kill) throws InterruptedException {
    List<Thread> workers = new ArrayList<>();
    for (int w = 0; w < WORKERS; w++) {
      workers.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = next.getAndIncrement(); i < pods; i = next.getAndIncrement()) {
                  try {
                    comeAndGo(i);
                    done.incrementAndGet();
                  } catch (Throwable e) {
                    failures.add(new AssertionError("pod churn" + i + ": " + e.getMessage(), e));
                  }
                }
              }));
    }
    int kills = 0;
    while (someWork(workers)) {
      long began = System.nanoTime();
      int before = done.get();
      while (someWork(workers) && !due(System.nanoTime() - began, done.get() - before)) {
        pause();
      }
      kill.run();
      kills++;
    }
    for (Thread worker : workers) {
      worker.join();
    }
    System.out.println(
        pods + " pods, " + kills + " kills, " + cutOff + " calls cut off or made again");
    assertThat(failures).isEmpty();
    assertThat(kills).isPositive();
  }

  private boolean someWork(List<Thread> workers) {
    return failures.isEmpty() && workers.stream().anyMatch(Thread::isAlive);
  }

  /** After a few seconds: a few more on a slow host, where a daemon needs them to get anywhere. */
  private static boolean due(long nanos, int pods) {
    return nanos > TimeUnit.SECONDS.toNanos(pods >= 2 * WORKERS ? 3 : 20);
  }

  private void comeAndGo(int i) {
    String name = "churn" + i;
    PodSandboxConfig config = cri.pod(name, i % 3 == 2);
    String pod = run(config);
    String address = again(() -> cri.status(pod).getNetwork().getIp());
    assertThat(address).as("the address of " + name).startsWith("10.");
    assertThat(addresses.put(address, name)).as("another pod with " + address).isNull();
    if (i % 4 == 3) {
      String ended = started(pod, config, "exit 7");
      ContainerStatus status = await(ended, ContainerState.CONTAINER_EXITED);
      assertThat(status.getExitCode()).as(status.getReason()).isEqualTo(7);
    } else {
      String running = started(pod, config, "sleep 1000");
      assertThat(again(() -> cri.exec(running, "echo", name))).isEqualTo(name + "\n");
    }
    // From here on the address is free for others.
    addresses.remove(address);
    again(() -> {
      cri.stop(pod);
      return true;
    });
    again(() -> {
      cri.remove(pod);
      return true;
    });
  }

  /** A pod that was cut off while it was made is either whole or not there. */
  private String run(PodSandboxConfig config) {
    String name = config.getMetadata().getName();
    return again(() -> {
      Optional<PodSandbox> there =
          cri.pods().stream().filter(p -> p.getMetadata().getName().equals(name)).findFirst();
      there.ifPresent(p -> assertThat(p.getState()).isEqualTo(PodSandboxState.SANDBOX_READY));
      return there.map(PodSandbox::getId).orElseGet(() -> cri.run(config));
    });
  }

  private String started(String pod, PodSandboxConfig config, String script) {
    String id =
        again(() ->
            cri.containers(pod).stream()
                .findFirst()
                .map(Container::getId)
                .orElseGet(
                    () -> cri.create(pod, config, CriClient.container("c", "sh", "-c", script))));
    again(() -> {
      if (cri.container(id).getState() == ContainerState.CONTAINER_CREATED) {
        cri.start(id);
      }
      return true;
    });
    return id;
  }

  private ContainerStatus await(String id, ContainerState state) {
    long deadline = System.nanoTime() + LIMIT;
    while (true) {
      ContainerStatus status = again(() -> cri.container(id));
      if (status.getState() == state) {
        return status;
      }
      assertThat(System.nanoTime()).as(id + " is " + status.getState()).isLessThan(deadline);
      pause();
    }
  }

  private <T> T again(Supplier<T> step) {
    long deadline = System.nanoTime() + LIMIT;
    while (true) {
      try {
        return step.get();
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(deadline);
        cutOff.incrementAndGet();
        pause();
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Those that were to stay are as they were, and there are no others. */
  void onlyThoseKeptAreThere() throws IOException {
    assertThat(cri.pods().stream().map(PodSandbox::getId))
        .containsExactlyInAnyOrderElementsOf(keepers.stream().map(Keeper::pod).toList());
    assertThat(cri.containers("").stream().map(Container::getId))
        .containsExactlyInAnyOrderElementsOf(keepers.stream().map(Keeper::container).toList());
    for (Keeper keeper : keepers) {
      PodSandboxStatus pod = cri.status(keeper.pod);
      assertThat(pod.getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
      assertThat(pod.getNetwork().getIp()).isEqualTo(keeper.address);
      ContainerStatus container = cri.container(keeper.container);
      assertThat(container.getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
      assertThat(container.getStartedAt()).isEqualTo(keeper.started);
      assertThat(cri.exec(keeper.container, "ip", "addr", "show", "eth0"))
          .contains("inet " + keeper.address + "/");
      cri.stopContainer(keeper.container, 0);
      List<String> lines = Files.readAllLines(keeper.log);
      assertThat(lines).hasSizeGreaterThan(5);
      for (int i = 0; i < lines.size(); i++) {
        assertThat(lines.get(i)).endsWith(" F " + (i + 1));
      }
    }
  }

  /** Ends those that were kept. */
  void release() {
    for (Keeper keeper : keepers) {
      cri.stop(keeper.pod);
      cri.remove(keeper.pod);
    }
  }
}
