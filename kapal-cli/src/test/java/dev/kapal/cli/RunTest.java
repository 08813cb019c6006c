package dev.kapal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.AttachRequest;
import dev.kapal.engine.Attachment;
import dev.kapal.engine.Containers;
import dev.kapal.engine.EngineException;
import dev.kapal.engine.Execs;
import dev.kapal.engine.spec.ContainerSpec;
import dev.kapal.engine.spec.ExecSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class RunTest {
  private static final String ID = "4c01db0b339c".repeat(5) + "0001";

  private final Harness h = new Harness();
  private final AtomicReference<ContainerSpec> spec = new AtomicReference<>();
  private final AtomicReference<AttachRequest> attach = new AtomicReference<>();
  private Attachment.End end = Attachment.End.EXITED;
  private int code;

  private final class Ended implements Attachment {
    @Override
    public End await() {
      return end;
    }

    @Override
    public void close() {}
  }

  @BeforeEach
  void answers() {
    h.containers.on(
        "run",
        a -> {
          spec.set((ContainerSpec) a[0]);
          attach.set((AttachRequest) a[1]);
          ((AttachRequest) a[1]).close();
          return new Containers.Running(
              new Containers.Created(ID, "quiet_boat", List.of("swap is off here")), new Ended());
        });
    h.containers.on("await", a -> new Containers.ExitStatus(code, false, Optional.empty()));
  }

  @Test
  void theExitStatusIsTheContainers() {
    code = 37;
    Harness.Result r = h.run("run", "--rm", "busybox", "sh", "-c", "exit 37");
    assertThat(r.status()).isEqualTo(37);
    assertThat(r.err()).isEqualTo("WARNING: swap is off here\n");
    assertThat(spec.get().process().command()).containsExactly("sh", "-c", "exit 37");
    assertThat(spec.get().autoRemove()).isTrue();
    assertThat(h.containers.calls()).contains("await[" + ID + ", REMOVED]");
    assertThat(attach.get().input()).isEmpty();
    assertThat(attach.get().output()).isPresent();
    assertThat(attach.get().error()).isPresent();
    assertThat(attach.get().detachKeys()).isEmpty();
  }

  @Test
  void inTheBackgroundItPrintsTheId() {
    Harness.Result r = h.run("run", "-d", "--name", "web", "nginx");
    assertThat(r.status()).isZero();
    assertThat(r.out()).isEqualTo(ID + "\n");
    assertThat(attach.get().output()).isEmpty();
    assertThat(h.containers.calls()).hasSize(1);
  }

  @Test
  void withInputTheDescriptorIsHandedOver() {
    h.run("run", "-i", "busybox", "cat");
    assertThat(attach.get().input()).isPresent();
    assertThat(spec.get().process().stdinOpen()).isTrue();
    assertThat(h.client.raw).isEmpty();
  }

  @Test
  void aTerminalIsRawWhileItRuns() {
    h.terminals = true;
    h.client.resize(30, 100);
    h.run("run", "-it", "busybox");
    assertThat(h.client.raw).containsExactly(true, false);
    assertThat(spec.get().process().terminalSize().orElseThrow().columns()).isEqualTo(100);
    assertThat(attach.get().detachKeys().orElseThrow().bytes()).containsExactly(16, 17);
    assertThat(attach.get().error()).isEmpty();
  }

  @Test
  void detachKeysCanBeChosen() {
    h.terminals = true;
    h.run("run", "-it", "--detach-keys", "ctrl-x,d", "busybox");
    assertThat(attach.get().detachKeys().orElseThrow().bytes()).containsExactly(24, 100);
  }

  @Test
  void aTerminalIsNeededForOne() {
    Harness.Result r = h.run("run", "-it", "busybox");
    assertThat(r.status()).isEqualTo(1);
    assertThat(r.err()).contains("the input device is not a TTY");
    assertThat(h.containers.calls()).isEmpty();
  }

  @Test
  void detachingIsNoFailure() {
    end = Attachment.End.DETACHED;
    assertThat(h.run("run", "busybox").status()).isZero();
    assertThat(h.containers.calls()).hasSize(1);
  }

  @Test
  void programsThatCannotRunAre126And127AndOtherFailures125() {
    RuntimeException[] failure = {
      new EngineException.CommandFailure("no program \"x\"", false, new Exception())
    };
    h.containers.on(
        "run",
        a -> {
          ((AttachRequest) a[1]).close();
          throw failure[0];
        });
    assertThat(h.run("run", "busybox", "x").status()).isEqualTo(127);
    failure[0] = new EngineException.CommandFailure("\"x\" is a folder", true, new Exception());
    assertThat(h.run("run", "busybox", "x").status()).isEqualTo(126);
    failure[0] = new EngineException.Conflict("the name is taken");
    Harness.Result r = h.run("run", "busybox", "x");
    assertThat(r.status()).isEqualTo(125);
    assertThat(r.err()).isEqualTo("kapal: the name is taken\n");
  }

  @Test
  void aMissingImageIsPulledAndThenItRuns() {
    AtomicInteger tries = new AtomicInteger();
    h.containers.on(
        "run",
        a -> {
          ((AttachRequest) a[1]).close();
          if (tries.getAndIncrement() == 0) {
            throw new EngineException.NotFound("no image \"alpine\"");
          }
          return new Containers.Running(new Containers.Created(ID, "n", List.of()), new Ended());
        });
    h.images.on("find", a -> Optional.empty());
    h.images.on("pull", a -> null);
    assertThat(h.run("run", "alpine").status()).isZero();
    assertThat(tries).hasValue(2);
    assertThat(h.images.calls().get(1)).contains("name=alpine").contains("policy=MISSING");
  }

  @Test
  void neverPullingIsObeyed() {
    h.containers.on(
        "run",
        a -> {
          ((AttachRequest) a[1]).close();
          throw new EngineException.NotFound("no image \"alpine\"");
        });
    assertThat(h.run("run", "--pull", "never", "alpine").status()).isEqualTo(125);
    assertThat(h.images.calls()).isEmpty();
  }

  @Test
  void whatIsNotFoundButIsNoImageIsNotPulled() {
    h.containers.on(
        "run",
        a -> {
          ((AttachRequest) a[1]).close();
          throw new EngineException.NotFound("no network \"x\"");
        });
    h.images.on("find", a -> Optional.of(Images.busybox()));
    assertThat(h.run("run", "--network", "x", "busybox").err()).contains("no network");
    assertThat(h.images.calls()).hasSize(1);
  }

  @Test
  void signalsGoToTheContainer() throws Exception {
    CountDownLatch killed = new CountDownLatch(1);
    h.containers.on(
        "kill",
        a -> {
          killed.countDown();
          return null;
        });
    h.containers.on(
        "run",
        a -> {
          ((AttachRequest) a[1]).close();
          h.client.signal(2); // before anybody knows the ID: it waits
          Attachment waiting =
              new Attachment() {
                @Override
                public End await() throws InterruptedException {
                  killed.await();
                  return End.EXITED;
                }

                @Override
                public void close() {}
              };
          return new Containers.Running(new Containers.Created(ID, "n", List.of()), waiting);
        });
    code = 130;
    assertThat(h.run("run", "busybox").status()).isEqualTo(130);
    assertThat(h.containers.calls()).contains("kill[" + ID + ", 2]");
  }

  @Test
  void aClientThatVanishesEndsTheCommandAndNotTheContainer() {
    h.containers.on(
        "run",
        a -> {
          ((AttachRequest) a[1]).close();
          Attachment waiting =
              new Attachment() {
                @Override
                public End await() throws InterruptedException {
                  h.client.signal(0);
                  Thread.sleep(60_000);
                  return End.EXITED;
                }

                @Override
                public void close() {}
              };
          return new Containers.Running(new Containers.Created(ID, "n", List.of()), waiting);
        });
    assertThat(h.run("run", "busybox").status()).isEqualTo(129);
    assertThat(h.containers.calls()).hasSize(1);
  }

  @Test
  void cidfilesAreWrittenOnceOnly(@TempDir Path folder) throws Exception {
    h.directory = folder.toString();
    assertThat(h.run("run", "-d", "--cidfile", "id", "busybox").status()).isZero();
    assertThat(Files.readString(folder.resolve("id"))).isEqualTo(ID);
    Harness.Result again = h.run("run", "-d", "--cidfile", "id", "busybox");
    assertThat(again.status()).isEqualTo(125);
    assertThat(again.err()).contains("exists already");
    assertThat(h.containers.calls()).hasSize(1);
  }

  @Test
  void execRunsInAContainer() {
    AtomicReference<ExecSpec> exec = new AtomicReference<>();
    h.environment.put("FROM_CLIENT", "yes");
    h.execs.on(
        "run",
        a -> {
          exec.set((ExecSpec) a[1]);
          ((AttachRequest) a[2]).close();
          return new Execs.Started("e1", new Ended());
        });
    h.execs.on("await", a -> 5);
    Harness.Result r =
        h.run(
            "exec",
            "-e",
            "A=b",
            "-e",
            "FROM_CLIENT",
            "-e",
            "GONE",
            "-u",
            "1000:10",
            "-w",
            "/tmp",
            "web",
            "ls",
            "-l");
    assertThat(r.status()).isEqualTo(5);
    assertThat(exec.get().command()).containsExactly("ls", "-l");
    assertThat(exec.get().env()).containsExactly("A=b", "FROM_CLIENT=yes");
    assertThat(exec.get().user()).contains("1000:10");
    assertThat(h.execs.calls().getLast()).isEqualTo("await[e1]");
  }
}
