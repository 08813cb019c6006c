package dev.kapal.runtime.driver;

import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Errno;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.Fd;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SpawnOptions;
import dev.kapal.runtime.ContainerException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A program of the host whose short commands are run, with a limit to its time and to what it
 * prints: it may be missing, hang, or be something else altogether.
 *
 * @param linux the host
 * @param title how it is named in errors
 * @param binary its absolute path
 * @param kind what it should be, such as "an OCI runtime"
 */
public record HostCommand(Linux linux, String title, String binary, String kind) {
  /** Such a program gets nothing else of our environment. */
  public static final String PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private static final int MOST = 4 << 20;

  /** What a command printed, and how it ended. */
  public record Result(ExitStatus exit, ByteArrayOutputStream printed, String err) {
    /** Whether it ended with 0. */
    public boolean ok() {
      return exit.shellCode() == 0;
    }

    /** What it printed, as a text. */
    public String out() {
      return printed.toString(StandardCharsets.UTF_8);
    }
  }

  /**
   * Where a command runs and what it is given.
   *
   * @param directory its working directory
   * @param environment its whole environment
   * @param input its standard input; empty: nothing
   */
  public record Surroundings(String directory, List<String> environment, Optional<Fd> input) {
    /** In "/", with a PATH and no input. */
    public static final Surroundings PLAIN = new Surroundings("/", List.of(PATH), Optional.empty());

    /** Copies the list. */
    public Surroundings {
      environment = List.copyOf(environment);
    }
  }

  /**
   * Runs it to its end.
   *
   * @param doing what for, as in "Cannot …"
   * @throws ContainerException if it cannot be executed or does not end in time
   */
  public Result run(
      String doing, List<String> arguments, Surroundings surroundings, Duration limit) {
    List<String> command = new ArrayList<>(List.of(binary));
    command.addAll(arguments);
    try (Descriptors.Pipe out = linux.descriptors().pipe(0);
        Descriptors.Pipe err = linux.descriptors().pipe(0)) {
      linux.sockets().nonBlocking(out.reader(), true);
      linux.sockets().nonBlocking(err.reader(), true);
      int pid = spawn(doing, command, surroundings, out, err);
      out.writer().close();
      err.writer().close();
      ByteArrayOutputStream printed = new ByteArrayOutputStream();
      ByteArrayOutputStream complained = new ByteArrayOutputStream();
      long end = System.nanoTime() + limit.toNanos();
      for (long pause = 200_000; ; pause = Math.min(5_000_000, pause * 5 / 4)) {
        Optional<ExitStatus> exit = linux.processes().tryWait(pid);
        drain(linux, out.reader(), printed, MOST);
        drain(linux, err.reader(), complained, MOST);
        if (exit.isPresent()) {
          return new Result(exit.get(), printed, complained.toString(StandardCharsets.UTF_8));
        }
        boolean endless = printed.size() >= MOST || complained.size() >= MOST;
        if (endless || System.nanoTime() > end) {
          Strays.kill(linux, pid, "");
          linux.processes().waitpid(pid);
          throw endless ? endless(doing) : late(doing, limit);
        }
        LockSupport.parkNanos(pause);
      }
    }
  }

  /** It prints and prints. */
  public ContainerException endless(String doing) {
    return new ContainerException.Failed(
        "Cannot " + doing + ": " + title + " prints without end; is it " + kind + "?");
  }

  /** It did not come to an end. */
  public ContainerException late(String doing, Duration limit) {
    return new ContainerException.Failed(
        "Cannot "
            + doing
            + ": "
            + title
            + " did not answer within "
            + seconds(limit)
            + "; it was killed. Try the command by hand, or raise the time-out");
  }

  /** A time as people write it. */
  public static String seconds(Duration time) {
    return time.toMillis() < 10_000 ? time.toMillis() + " ms" : time.toSeconds() + " s";
  }

  private int spawn(
      String doing,
      List<String> command,
      Surroundings surroundings,
      Descriptors.Pipe out,
      Descriptors.Pipe err) {
    Map<Integer, Fd> descriptors = new HashMap<>(Map.of(1, out.writer(), 2, err.writer()));
    surroundings.input().ifPresent(fd -> descriptors.put(0, fd));
    try {
      return linux
          .processes()
          .spawn(
              binary,
              command,
              surroundings.environment(),
              descriptors,
              SpawnOptions.DEFAULT.in(surroundings.directory()).inNewSession());
    } catch (ErrnoException e) {
      throw notExecutable(doing, e.errno());
    }
  }

  /** The program itself cannot be executed. */
  public ContainerException notExecutable(String doing, Errno errno) {
    String why =
        switch (errno.name()) {
          case "ENOENT" ->
              "it does not exist, or the loader that it names does not: install it, or correct its path in the configuration";
          case "EACCES" -> "it is no executable file: check its mode and its file system's options";
          case "ENOEXEC" ->
              "it is no program for this machine ("
                  + System.getProperty("os.arch")
                  + "): install the build for this architecture";
          default -> errno.message() + " (" + errno.name() + ")";
        };
    return new ContainerException.Unsupported(
        "Cannot " + doing + ": " + title + " cannot be executed: " + why);
  }

  /** Takes what a non-blocking pipe has, up to a size. */
  public static void drain(Linux linux, Fd from, ByteArrayOutputStream to, int most) {
    byte[] buffer = new byte[16384];
    try {
      for (int got;
          to.size() < most
              && (got = linux.descriptors().read(from, buffer, 0, buffer.length)) > 0; ) {
        to.write(buffer, 0, got);
      }
    } catch (ErrnoException e) {
      if (!e.is(Errno.EAGAIN)) {
        throw e;
      }
    }
  }
}
