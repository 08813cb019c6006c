package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.linux.Fd;
import dev.kapal.linux.Poller;
import dev.kapal.linux.SocketType;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import dev.kapal.runtime.ttrpc.TtrpcClient;
import dev.kapal.runtime.ttrpc.TtrpcException;
import dev.kapal.runtime.ttrpc.TtrpcServer;
import dev.kapal.runtime.wire.Message;
import dev.kapal.runtime.wire.MessageWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;

/**
 * A shim that makes sandboxes itself: the real one, which cannot, behind a server of ours that
 * answers the sandbox service and passes everything else on.
 */
class SandboxerShimBehaviourTest extends RuntimeBehaviour {
  private static final String SANDBOX = "containerd.runtime.sandbox.v1.Sandbox";
  private static final Duration LONG = Duration.ofSeconds(30);

  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final Map<String, Front> fronts = new ConcurrentHashMap<>();

  @Override
  Runtime open(Bench bench) {
    Path real = ShimRuncBehaviourTest.program();
    Path shim = bench.directory.resolve("containerd-shim-runc-v2");
    // It prints the front's address in the place of the shim's, and leaves that in a file.
    String script =
        "#!/bin/sh\ncase \"$*\" in *start) "
            + real
            + " \"$@\" >../../behind || exit; echo unix://$(cd ../..; pwd)/front;; *) exec "
            + real
            + " \"$@\";; esac\n";
    try {
      Files.writeString(shim, script);
      Files.setPosixFilePermissions(shim, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bench.open(ShimRuntimeConfig.of("sandboxer", Tier.NATIVE, shim).withSandboxer(true));
  }

  @Override
  void prepared(Bench bench, Path stateDirectory) throws IOException {
    Files.createDirectories(stateDirectory);
    fronts.put(stateDirectory.toString(), new Front(bench, stateDirectory));
  }

  @AfterEach
  void everySandboxWasMadeAndEnded() {
    assertThat(asked.stream().filter("CreateSandbox"::equals).count())
        .isEqualTo(asked.stream().filter("StartSandbox"::equals).count())
        .isEqualTo(asked.stream().filter("ShutdownSandbox"::equals).count())
        .isEqualTo(fronts.size());
    fronts.values().forEach(Front::close);
  }

  /** The server in front of one shim. */
  private final class Front {
    private final Bench bench;
    private final Path directory;
    private final Poller poller;
    private final TtrpcServer server;
    private TtrpcClient behind;

    Front(Bench bench, Path directory) {
      this.bench = bench;
      this.directory = directory;
      this.poller = bench.linux.newPoller("front");
      Fd listener =
          bench
              .linux
              .sockets()
              .listen(directory.resolve("front").toString(), SocketType.STREAM, 0600);
      this.server = TtrpcServer.over(bench.linux, poller, listener, this::answer);
    }

    private synchronized TtrpcClient behind() {
      try {
        if (behind == null) {
          String address = Files.readString(directory.resolve("behind")).strip();
          behind =
              TtrpcClient.over(
                  bench.linux,
                  poller,
                  bench.linux.sockets().connect(address.substring(7), SocketType.STREAM),
                  _ -> {});
        }
        return behind;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private byte[] answer(String service, String method, byte[] payload) {
      if (!service.equals(SANDBOX)) {
        return pass(service, method, payload);
      }
      asked.add(method);
      assertThat(Message.parse(payload).text(1)).endsWith("-sandbox");
      if (method.equals("ShutdownSandbox")) {
        try {
          behind()
              .call(
                  "containerd.task.v2.Task",
                  "Shutdown",
                  new MessageWriter().text(1, "x").flag(2, true).toBytes(),
                  LONG);
        } catch (TtrpcException _) {
          // It has gone before it could answer.
        }
        Thread.ofPlatform().daemon().start(server::close);
      }
      return new byte[0];
    }

    private byte[] pass(String service, String method, byte[] payload) {
      try {
        return behind().start(service, method, payload, Duration.ZERO).answer().get();
      } catch (ExecutionException e) {
        throw e.getCause() instanceof TtrpcException said
            ? said
            : new TtrpcException(TtrpcException.INTERNAL, String.valueOf(e.getMessage()), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TtrpcException(TtrpcException.CANCELLED, "interrupted", e);
      }
    }

    void close() {
      server.close();
      if (behind != null) {
        behind.close();
      }
      poller.close();
    }
  }
}
