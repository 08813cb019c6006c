package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code kapal-oci checkpoint --lazy-pages} and {@code restore --lazy-pages}. */
final class DropInLazyPagesTest extends DropInFixture {
  private static final String COUNT =
      "i=0; while :; do i=$((i+1)); echo $i >/dev/shm/count; sleep 0.05; done";

  /**
   * What CRIU's pipes would be bigger than needs CAP_SYS_RESOURCE; 1 MiB is enough for the test.
   */
  private static final String SMALLER =
      """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <fcntl.h>
      #include <stdarg.h>
      static int call(const char *name, int fd, int command, va_list list) {
        long value = va_arg(list, long);
        if (command == F_SETPIPE_SZ && value > 1 << 20) value = 1 << 20;
        return ((int (*)(int, int, long))dlsym(RTLD_NEXT, name))(fd, command, value);
      }
      #define WRAP(name) int name(int fd, int command, ...) { \
        va_list list; va_start(list, command); int got = call(#name, fd, command, list); va_end(list); return got; }
      WRAP(fcntl)
      WRAP(fcntl64)
      """;

  @Override
  DropIn open() {
    assumeTrue(
        Commands.sh("criu check && criu check --feature uffd-noncoop").status() == 0,
        "needs a CRIU that works with userfaultfd: criu check --feature uffd-noncoop");
    return DropIn.withDaemon();
  }

  /** A PATH whose CRIU can serve pages here. */
  private String criu() throws IOException {
    String path = System.getenv("PATH");
    if (Commands.sh("setpriv -d | grep -c '^Capability bounding set:.*sys_resource'")
        .text()
        .equals("1")) {
      return path;
    }
    Path folder = Files.createDirectories(oci.folder.resolve("criu"));
    Files.writeString(folder.resolve("smaller.c"), SMALLER);
    assumeTrue(
        Commands.sh("cd '%s' && cc -shared -fPIC -o smaller.so smaller.c -ldl".formatted(folder))
                .status()
            == 0,
        "without CAP_SYS_RESOURCE it needs a C compiler");
    Files.writeString(
        folder.resolve("criu"),
        "#!/bin/sh\nLD_PRELOAD='%s/smaller.so' exec %s \"$@\"\n"
            .formatted(folder, Commands.sh("command -v criu").text()));
    Commands.sh("chmod +x '" + folder.resolve("criu") + "'").mustSucceed();
    return folder + ":" + path;
  }

  /** Memory follows when it is needed, from the one that was saved; both are there meanwhile. */
  @Test
  void goesOnBeforeItsMemoryIsThere() throws Exception {
    Map<String, String> environment = Map.of("PATH", criu());
    Path images = oci.folder.resolve("images");
    Path bundle = oci.bundle("lazy", "", "sh", "-c", COUNT);
    Path away = oci.bundle("away", "", "sh", "-c", COUNT);
    String script =
        """
        import os, socket, subprocess, sys
        images, bundle, away, line = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
        null = subprocess.DEVNULL
        subprocess.check_call(line + ['run', '-d', '--bundle', bundle, 'lazy'], stdin=null, stdout=null, stderr=null)
        free = socket.socket()
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
        free.close()
        r, w = os.pipe()
        where = ['--image-path', images, '--work-path', images]
        save = subprocess.Popen(line + ['checkpoint', '--lazy-pages', '--page-server', '127.0.0.1:' + port, '--status-fd', str(w)]
                                + where + ['lazy'], pass_fds=[w])
        os.close(w)
        # To its end: the descriptor is closed once the byte is written.
        print(os.fdopen(r, 'rb').read(), save.poll())
        pages = subprocess.Popen(['criu', 'lazy-pages', '--page-server', '--address', '127.0.0.1', '--port', port, '-D', images])
        subprocess.check_call(line + ['restore', '-d', '--lazy-pages', '--bundle', away] + where + ['away'],
                              stdin=null, stdout=null, stderr=null)
        print(save.wait(), pages.wait(), flush=True)
        """;
    assertThat(
            python(environment, script, images.toString(), bundle.toString(), away.toString())
                .mustSucceed()
                .out())
        .isEqualTo("b'\\x00' None\n0 0\n");
    assertThat(oci.run("state", "lazy").err()).contains("container does not exist");
    String before = inside("away", "cat /dev/shm/count");
    Eventually.holds("it counts", () -> !inside("away", "cat /dev/shm/count").equals(before));
    oci.sleeping("no");
    for (String number : List.of("77", "0")) {
      assertThat(
              oci.run(
                      "checkpoint",
                      "--lazy-pages",
                      "--status-fd",
                      number,
                      "--image-path",
                      images.toString(),
                      "no")
                  .err())
          .contains("invalid --status-fd argument " + number);
    }
    assertThat(status("no")).isEqualTo("running");
  }
}
