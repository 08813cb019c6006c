package dev.kapal.cri.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cri.proto.AuthConfig;
import dev.kapal.image.registry.Credentials;
import dev.kapal.oci.Reference;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;

final class PullCredentialsTest {
  private static final Reference HUB = Reference.parse("web");

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsEachForm() {
    assertThat(PullCredentials.read(AuthConfig.getDefaultInstance()))
        .isEqualTo(Credentials.ANONYMOUS);
    assertThat(
            PullCredentials.read(
                AuthConfig.newBuilder().setUsername("ann").setPassword("pa:ss").build()))
        .isEqualTo(new Credentials.Basic("ann", "pa:ss"));
    assertThat(PullCredentials.read(AuthConfig.newBuilder().setAuth(base64("ann:pa:ss")).build()))
        .isEqualTo(new Credentials.Basic("ann", "pa:ss"));
    assertThat(PullCredentials.read(AuthConfig.newBuilder().setAuth(base64("ann:x\0\0")).build()))
        .isEqualTo(new Credentials.Basic("ann", "x"));
    assertThat(
            PullCredentials.read(
                AuthConfig.newBuilder().setUsername("<token>").setIdentityToken("i").build()))
        .isEqualTo(new Credentials.IdentityToken("i"));
    assertThat(PullCredentials.read(AuthConfig.newBuilder().setRegistryToken("r").build()))
        .isEqualTo(new Credentials.RegistryToken("r"));
  }

  @Test
  void saysNothingOfWhatItCannotRead() {
    for (String auth : new String[] {"s3cret!", base64("s3cret")}) {
      assertThatThrownBy(() -> PullCredentials.read(AuthConfig.newBuilder().setAuth(auth).build()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining("s3cret")
          .hasMessageNotContaining(auth);
    }
  }

  @Test
  void goOnlyToTheRegistryTheyAreFor() {
    AuthConfig.Builder auth = AuthConfig.newBuilder().setUsername("ann").setPassword("x");
    for (String address :
        new String[] {"", "https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"}) {
      assertThat(
              PullCredentials.source(auth.setServerAddress(address).build(), HUB).find("docker.io"))
          .as(address)
          .isEqualTo(new Credentials.Basic("ann", "x"));
    }
    assertThat(
            PullCredentials.source(auth.setServerAddress("quay.io").build(), HUB).find("docker.io"))
        .isEqualTo(Credentials.ANONYMOUS);
    assertThat(PullCredentials.source(auth.setServerAddress("").build(), HUB).find("quay.io"))
        .isEqualTo(Credentials.ANONYMOUS);
  }
}
