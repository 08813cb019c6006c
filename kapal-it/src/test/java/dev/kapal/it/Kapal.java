package dev.kapal.it;

/** An installation that runs somewhere, by way of its client and of the machine's shell. */
interface Kapal extends AutoCloseable {
  /** Runs the client with some input and returns what came of it. */
  Result commandWithInput(String input, String... words);

  /** Runs a shell script on the daemon's machine. */
  Result sh(String script);

  /** A folder of that machine for the test's own files. */
  String files();

  /** The cgroup that holds all containers', as a path below the root of cgroups. */
  String cgroup();

  /** Process id of the daemon. */
  long pid();

  /** Ends the daemon with SIGKILL. */
  void kill9();

  /** Starts the daemon again and waits until it answers. */
  void launch();

  @Override
  void close();

  default Result command(String... words) {
    return commandWithInput("", words);
  }

  /** Runs the client, which must succeed; returns its output without the last line's end. */
  default String ok(String... words) {
    return command(words).mustSucceed().text();
  }

  /** Runs a shell script, which must succeed; returns its output without the last line's end. */
  default String shell(String script) {
    return sh(script).mustSucceed().text();
  }
}
