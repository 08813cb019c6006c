package dev.kapal.runtime.dropin;

import dev.kapal.linux.Fd;
import java.util.List;
import java.util.Map;

/**
 * What somebody typed, and where. The descriptors stay the caller's.
 *
 * @param words without the program's name
 * @param directory the working directory
 * @param path its path
 * @param environment of the caller
 * @param in standard input
 * @param out standard output
 * @param err standard error
 * @param pid of the thin program
 */
public record Command(
    List<String> words,
    Fd directory,
    String path,
    Map<String, String> environment,
    Fd in,
    Fd out,
    Fd err,
    int pid) {
  /** Copies the collections. */
  public Command {
    words = List.copyOf(words);
    environment = Map.copyOf(environment);
  }

  /** A file that was named, as it is called here: what a process calls its own is the caller's. */
  String file(String given) {
    String own = "/proc/" + pid;
    return given.startsWith("/dev/fd/")
        ? own + "/fd/" + given.substring("/dev/fd/".length())
        : given.startsWith("/proc/self/")
            ? own + given.substring("/proc/self".length())
            : switch (given) {
              case "/dev/stdin" -> own + "/fd/0";
              case "/dev/stdout" -> own + "/fd/1";
              case "/dev/stderr" -> own + "/fd/2";
              default -> given;
            };
  }
}
