package dev.kapal.image.registry.testing;

import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.image.registry.client.RegistryClient;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import java.nio.file.Path;

/** Downloads one blob; the process that a test kills. */
public final class DownloadMain {
  private DownloadMain() {}

  /** Arguments: registry, repository, digest, size, folder. */
  public static void main(String[] args) {
    Descriptor blob =
        new Descriptor("application/octet-stream", Digest.parse(args[2]), Long.parseLong(args[3]));
    try (RegistryClient client = new RegistryClient(Clients.config())) {
      client
          .as(CredentialSource.NONE)
          .fetch(
              new RepositoryName(args[0], args[1]),
              blob,
              new FileTarget(Path.of(args[4])),
              TransferListener.SILENT);
    }
  }
}
