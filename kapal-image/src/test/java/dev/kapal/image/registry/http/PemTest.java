package dev.kapal.image.registry.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.image.registry.testing.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PemTest {
  @TempDir Path folder;

  private PrivateKey key(String arguments) throws Exception {
    TestCertificates.openssl(folder, arguments + " -out key.pem");
    return Pem.privateKey(folder.resolve("key.pem"));
  }

  @Test
  void allKindsOfKeys() throws Exception {
    assertThat(Files.exists(Path.of("/usr/bin/openssl"))).isTrue();
    assertThat(key("genpkey -algorithm RSA").getAlgorithm()).isEqualTo("RSA");
    PrivateKey pkcs8 = Pem.privateKey(folder.resolve("key.pem"));
    TestCertificates.openssl(folder, "rsa -in key.pem -traditional -out old.pem");
    assertThat(Files.readString(folder.resolve("old.pem"))).contains("BEGIN RSA PRIVATE KEY");
    assertThat(Pem.privateKey(folder.resolve("old.pem"))).isEqualTo(pkcs8);
    PrivateKey sec1 = key("ecparam -genkey -name secp384r1");
    assertThat(Files.readString(folder.resolve("key.pem"))).contains("BEGIN EC PRIVATE KEY");
    TestCertificates.openssl(folder, "pkcs8 -topk8 -nocrypt -in key.pem -out new.pem");
    assertThat(((ECPrivateKey) Pem.privateKey(folder.resolve("new.pem"))).getS())
        .isEqualTo(((ECPrivateKey) sec1).getS());
    assertThat(key("genpkey -algorithm ED25519").getAlgorithm()).isEqualTo("EdDSA");
    assertThatThrownBy(() -> key("genpkey -algorithm RSA -aes128 -pass pass:abcd"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("encrypted");
  }

  @Test
  void certificatesWithTextAround() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    Path both = folder.resolve("both.pem");
    String one = Files.readString(certificates.authority());
    Files.writeString(both, "# first\n" + one + "\nnoise\r\n" + one.replace("\n", "\r\n"));
    assertThat(Pem.certificates(both)).hasSize(2);
    Files.writeString(both, "nothing");
    assertThatThrownBy(() -> Pem.certificates(both)).hasMessageContaining("both.pem");
    assertThatThrownBy(() -> Pem.privateKey(both)).hasMessageContaining("no private key");
  }

  @Test
  void damagedKeysAreRefusedNotMisread() throws Exception {
    TestCertificates.openssl(folder, "ecparam -genkey -name prime256v1 -noout -out key.pem");
    String text = Files.readString(folder.resolve("key.pem")).replaceAll("-----[^-]+-----", "");
    byte[] der = Base64.getMimeDecoder().decode(text);
    Random random = new Random(7);
    for (int i = 0; i < 2000; i++) {
      byte[] broken = der.clone();
      for (int n = random.nextInt(3); n >= 0; n--) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(broken.length + 1);
      String pem =
          "-----BEGIN EC PRIVATE KEY-----\n"
              + Base64.getMimeEncoder().encodeToString(java.util.Arrays.copyOf(broken, length))
              + "\n-----END EC PRIVATE KEY-----\n";
      try {
        assertThat(Pem.privateKey(pem, "fuzz")).isNotNull();
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("fuzz");
      }
    }
  }
}
