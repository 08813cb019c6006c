package dev.kapal.image.registry.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Certificates of an authority of our own, made by openssl in a folder. */
public final class TestCertificates {
  private static final Path OPENSSL = Path.of("/usr/bin/openssl");

  /** A certificate and its key, in PEM files. */
  public record Pair(Path certificate, Path key) {}

  private final Path folder;
  private final Pair authority;

  /** Makes the authority; skips the test without openssl. */
  public TestCertificates(Path folder) throws IOException, InterruptedException {
    Assumptions.assumeTrue(Files.isExecutable(OPENSSL), "needs openssl");
    this.folder = folder;
    this.authority = new Pair(folder.resolve("authority.crt"), folder.resolve("authority.key"));
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Kapal-test-authority"
            + " -keyout authority.key -out authority.crt");
  }

  /** The authority's certificate. */
  public Path authority() {
    return authority.certificate;
  }

  /** A certificate for a server at localhost. */
  public Pair server() throws IOException, InterruptedException {
    return signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1", "rsa:2048");
  }

  /** A certificate for a server that is somewhere else. */
  public Pair otherName() throws IOException, InterruptedException {
    return signed("other", "subjectAltName=DNS:elsewhere.example", "rsa:2048");
  }

  /** A client's certificate with an EC key. */
  public Pair client() throws IOException, InterruptedException {
    return signed("client", "extendedKeyUsage=clientAuth", "ec -pkeyopt ec_paramgen_curve:P-256");
  }

  private Pair signed(String name, String extension, String key)
      throws IOException, InterruptedException {
    Files.writeString(folder.resolve(name + ".ext"), extension + "\n");
    openssl(
        folder,
        "req -newkey "
            + key
            + " -nodes -subj /CN="
            + name
            + " -keyout "
            + name
            + ".key -out "
            + name
            + ".csr");
    openssl(
        folder,
        "x509 -req -in "
            + name
            + ".csr -CA authority.crt -CAkey authority.key -CAcreateserial"
            + " -days 2 -extfile "
            + name
            + ".ext -out "
            + name
            + ".crt");
    return new Pair(folder.resolve(name + ".crt"), folder.resolve(name + ".key"));
  }

  /** Runs openssl in a folder. */
  public static void openssl(Path folder, String arguments)
      throws IOException, InterruptedException {
    List<String> command =
        Stream.concat(Stream.of(OPENSSL.toString()), Stream.of(arguments.split(" "))).toList();
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("openssl " + arguments + ": " + output);
    }
  }
}
