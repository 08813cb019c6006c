package dev.kapal.config.check.probe;

import static dev.kapal.linux.Fcntl.O_RDONLY;

import dev.kapal.config.check.Host;
import dev.kapal.config.elf.HostFit;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.linux.CgroupLayout;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.linux.LinuxException;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.monitor.NativeProgram;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * This host.
 *
 * @param environment of the daemon
 */
public record LinuxHost(Linux linux, Map<String, String> environment) implements Host {
  private static final int LARGEST = 4 << 20;

  public LinuxHost {
    environment = Map.copyOf(environment);
  }

  @Override
  public Optional<String> text(String path) {
    try (Fd file = linux.descriptors().open(path, O_RDONLY | dev.kapal.linux.Fcntl.O_NONBLOCK)) {
      byte[] bytes = linux.descriptors().readFully(file, LARGEST);
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (LinuxException | CharacterCodingException _) {
      return Optional.empty();
    }
  }

  @Override
  public List<String> names(String directory) {
    try (Stream<Path> all = Files.list(Path.of(directory))) {
      return all.map(p -> String.valueOf(p.getFileName())).sorted().toList();
    } catch (IOException | java.io.UncheckedIOException _) {
      return List.of();
    }
  }

  @Override
  public boolean exists(String path) {
    return Files.exists(Path.of(path));
  }

  @Override
  public KernelFeatures kernel() {
    return linux.features();
  }

  @Override
  public CgroupLayout cgroups() {
    return CgroupLayout.detect();
  }

  @Override
  public Optional<Store> store(Path directory) {
    return new StoreProbe(linux).probe(directory);
  }

  @Override
  public Ran run(List<String> command, Duration limit) {
    return new Programs(linux).run(command, limit);
  }

  /**
   * In a child, since a virtual processor that does not come back cannot be given up by the thread
   * that runs it, and a process can be killed.
   */
  @Override
  public Guest guest(Duration limit) {
    try (Fd program = linux.memfds().executable(NativeProgram.PROBE, NativeProgram.content())) {
      return guest(new Programs(linux).run(program, List.of(NativeProgram.PROBE, "kvm"), limit));
    } catch (LinuxException | ContainerException e) {
      return new Guest(Optional.of(Guest.Step.PROGRAM), String.valueOf(e.getMessage()));
    }
  }

  static Guest guest(Ran ran) {
    String line = ran.out().strip();
    if (ran.status().isEmpty()) {
      return new Guest(Optional.of(Guest.Step.TIME), "it was killed");
    }
    if (ran.ok() && line.equals("ok")) {
      return new Guest(Optional.empty(), "");
    }
    int space = line.indexOf(' ');
    for (Guest.Step step : Guest.Step.values()) {
      if (space > 0 && step.name().equals(line.substring(0, space))) {
        return new Guest(Optional.of(step), line.substring(space + 1));
      }
    }
    return new Guest(
        Optional.of(Guest.Step.RUN), "its process ended with status " + ran.status().getAsInt());
  }

  @Override
  public Optional<String> erofs() {
    try (Fd image = linux.memfds().create("kapal-erofs", ErofsImage.bytes());
        Fd configuration = linux.mounts().fsopen("erofs")) {
      linux.mounts().fsconfigString(configuration, "source", "/proc/self/fd/" + image.number());
      linux.mounts().fsconfigCreate(configuration);
      try (Fd mount = linux.mounts().fsmount(configuration, 0)) {
        linux.descriptors().fstat(mount);
      }
      return Optional.empty();
    } catch (ErrnoException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public Optional<String> registry(String address, Duration limit) {
    return RegistryProbe.reach(address, limit, environment);
  }

  /** Without blocking, so that a listener whose queue is full is an answer, and not a wait. */
  @Override
  public Optional<String> connect(Path socket, Duration limit) {
    Instant end = Instant.now().plus(limit);
    while (true) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.configureBlocking(false);
        if (channel.connect(UnixDomainSocketAddress.of(socket))) {
          return Optional.empty();
        }
        if (Instant.now().isAfter(end)) {
          return Optional.of("it did not take the connection in time");
        }
        Thread.sleep(50);
      } catch (IOException | IllegalArgumentException e) {
        return Optional.of(String.valueOf(e.getMessage()));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        return Optional.of("interrupted");
      }
    }
  }

  @Override
  public Optional<String> namespace(String kind) {
    return linux.processes().namespace(linux.processes().self(), kind);
  }

  @Override
  public long fileLimit() {
    return text("/proc/self/limits")
        .orElse("")
        .lines()
        .filter(l -> l.startsWith("Max open files"))
        .map(l -> l.substring("Max open files".length()).strip().split("\\s+")[0])
        .map(w -> w.matches("[0-9]{1,18}") ? Long.parseLong(w) : Long.MAX_VALUE)
        .findFirst()
        .orElse(Long.MAX_VALUE);
  }

  @Override
  public HostFit fit() {
    return HostFit.here();
  }

  @Override
  public PathLookup lookup() {
    return PathLookup.system();
  }

  @Override
  public Instant now() {
    return Instant.now();
  }
}
