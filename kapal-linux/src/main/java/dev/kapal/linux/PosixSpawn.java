package dev.kapal.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * posix_spawn(3) of the C library: clones with shared memory and a suspended parent, so that it
 * costs the same from a JVM of any size, and runs nothing of ours between clone and exec.
 */
final class PosixSpawn implements AutoCloseable {
  private static final int SETPGROUP = 0x02;
  private static final int SETSIGDEF = 0x04;
  private static final int SETSIGMASK = 0x08;
  private static final int SETSID = 0x80;

  private static final MethodHandle SPAWN =
      bind("posix_spawn", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS).orElseThrow();
  private static final MethodHandle ACTIONS_INIT =
      bind("posix_spawn_file_actions_init", ADDRESS).orElseThrow();
  private static final MethodHandle ACTIONS_DESTROY =
      bind("posix_spawn_file_actions_destroy", ADDRESS).orElseThrow();
  private static final MethodHandle ADD_DUP2 =
      bind("posix_spawn_file_actions_adddup2", ADDRESS, JAVA_INT, JAVA_INT).orElseThrow();
  private static final MethodHandle ADD_CLOSE =
      bind("posix_spawn_file_actions_addclose", ADDRESS, JAVA_INT).orElseThrow();
  private static final MethodHandle ADD_OPEN =
      bind("posix_spawn_file_actions_addopen", ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT)
          .orElseThrow();
  private static final Optional<MethodHandle> ADD_CLOSE_FROM =
      bind("posix_spawn_file_actions_addclosefrom_np", ADDRESS, JAVA_INT);
  private static final Optional<MethodHandle> ADD_CHDIR =
      bind("posix_spawn_file_actions_addchdir_np", ADDRESS, ADDRESS);
  private static final MethodHandle ATTR_INIT = bind("posix_spawnattr_init", ADDRESS).orElseThrow();
  private static final MethodHandle ATTR_DESTROY =
      bind("posix_spawnattr_destroy", ADDRESS).orElseThrow();
  private static final MethodHandle ATTR_FLAGS =
      bind("posix_spawnattr_setflags", ADDRESS, JAVA_SHORT).orElseThrow();
  private static final MethodHandle ATTR_SIGDEFAULT =
      bind("posix_spawnattr_setsigdefault", ADDRESS, ADDRESS).orElseThrow();
  private static final MethodHandle ATTR_SIGMASK =
      bind("posix_spawnattr_setsigmask", ADDRESS, ADDRESS).orElseThrow();

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment actions = arena.allocate(512, 16);
  private final MemorySegment attributes = arena.allocate(1024, 16);

  PosixSpawn(SpawnOptions options) {
    require(invoke(ACTIONS_INIT, actions), "file actions");
    require(invoke(ATTR_INIT, attributes), "attributes");
    MemorySegment all = arena.allocate(128, 8).fill((byte) 0xff);
    require(invoke(ATTR_SIGDEFAULT, attributes, all), "signals");
    require(invoke(ATTR_SIGMASK, attributes, arena.allocate(128, 8)), "signals");
    int flags = SETSIGDEF | SETSIGMASK;
    flags |= options.newSession() ? SETSID : 0;
    flags |= options.newProcessGroup() ? SETPGROUP : 0;
    require(invoke(ATTR_FLAGS, attributes, (short) flags), "flags");
  }

  static boolean canChangeDirectory() {
    return ADD_CHDIR.isPresent();
  }

  static boolean canCloseFrom() {
    return ADD_CLOSE_FROM.isPresent();
  }

  void dup2(int from, int to) {
    require(invoke(ADD_DUP2, actions, from, to), "dup2");
  }

  void close(int number) {
    require(invoke(ADD_CLOSE, actions, number), "close");
  }

  void closeFrom(int number) {
    require(invoke(ADD_CLOSE_FROM.orElseThrow(), actions, number), "closefrom");
  }

  void openNull(int number) {
    MemorySegment path = Sys.bytes(arena, PathBytes.encode("/dev/null"), 1);
    require(invoke(ADD_OPEN, actions, number, path, Fcntl.O_RDWR, 0), "open");
  }

  void changeDirectory(String directory) {
    MemorySegment path = Sys.bytes(arena, PathBytes.encode(directory), 1);
    require(invoke(ADD_CHDIR.orElseThrow(), actions, path), "chdir");
  }

  /** Starts it; the process id. */
  int spawn(String path, List<String> arguments, List<String> environment) {
    MemorySegment pid = arena.allocate(JAVA_INT);
    MemorySegment file = Sys.bytes(arena, PathBytes.encode(path), 1);
    int error =
        invoke(SPAWN, pid, file, actions, attributes, strings(arguments), strings(environment));
    if (error != 0) {
      throw new ErrnoException("spawn", path, Errno.of(error));
    }
    return pid.get(JAVA_INT, 0);
  }

  private MemorySegment strings(List<String> strings) {
    MemorySegment array = arena.allocate(JAVA_LONG, strings.size() + 1L);
    for (int i = 0; i < strings.size(); i++) {
      array.setAtIndex(JAVA_LONG, i, Sys.path(arena, strings.get(i)));
    }
    return array;
  }

  @Override
  public void close() {
    invoke(ACTIONS_DESTROY, actions);
    invoke(ATTR_DESTROY, attributes);
    arena.close();
  }

  private static void require(int error, String what) {
    if (error != 0) {
      throw new ErrnoException("posix_spawn setup", what, Errno.of(error));
    }
  }

  private static int invoke(MethodHandle function, Object... arguments) {
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static Optional<MethodHandle> bind(String name, MemoryLayout... parameters) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(symbol -> linker.downcallHandle(symbol, FunctionDescriptor.of(JAVA_INT, parameters)));
  }
}
