package dev.kapal.linux;

/**
 * An error number of Linux, see errno(3). The numbers are those of x86-64 and arm64 alike.
 *
 * @param number the number, 1 to 4095
 * @param name the macro's name, such as ENOENT; {@code errno N} where this class has no name
 * @param message a few words in English
 */
public record Errno(int number, String name, String message) {
  public static final Errno EPERM = of(1);
  public static final Errno ENOENT = of(2);
  public static final Errno ESRCH = of(3);
  public static final Errno EINTR = of(4);
  public static final Errno EIO = of(5);
  public static final Errno ENXIO = of(6);
  public static final Errno E2BIG = of(7);
  public static final Errno ENOEXEC = of(8);
  public static final Errno EBADF = of(9);
  public static final Errno ECHILD = of(10);
  public static final Errno EAGAIN = of(11);
  public static final Errno ENOMEM = of(12);
  public static final Errno EACCES = of(13);
  public static final Errno EFAULT = of(14);
  public static final Errno ENOTBLK = of(15);
  public static final Errno EBUSY = of(16);
  public static final Errno EEXIST = of(17);
  public static final Errno EXDEV = of(18);
  public static final Errno ENODEV = of(19);
  public static final Errno ENOTDIR = of(20);
  public static final Errno EISDIR = of(21);
  public static final Errno EINVAL = of(22);
  public static final Errno ENFILE = of(23);
  public static final Errno EMFILE = of(24);
  public static final Errno ENOTTY = of(25);
  public static final Errno ETXTBSY = of(26);
  public static final Errno EFBIG = of(27);
  public static final Errno ENOSPC = of(28);
  public static final Errno ESPIPE = of(29);
  public static final Errno EROFS = of(30);
  public static final Errno EMLINK = of(31);
  public static final Errno EPIPE = of(32);
  public static final Errno ERANGE = of(34);
  public static final Errno ENAMETOOLONG = of(36);
  public static final Errno ENOSYS = of(38);
  public static final Errno ENOTEMPTY = of(39);
  public static final Errno ELOOP = of(40);
  public static final Errno ENODATA = of(61);
  public static final Errno EOVERFLOW = of(75);
  public static final Errno EOPNOTSUPP = of(95);
  public static final Errno EADDRINUSE = of(98);
  public static final Errno EADDRNOTAVAIL = of(99);
  public static final Errno ECONNREFUSED = of(111);
  public static final Errno ECONNRESET = of(104);
  public static final Errno ECONNABORTED = of(103);
  public static final Errno EPROTO = of(71);
  public static final Errno ENOTCONN = of(107);
  public static final Errno ETIMEDOUT = of(110);
  public static final Errno EALREADY = of(114);
  public static final Errno EINPROGRESS = of(115);
  public static final Errno ESTALE = of(116);
  public static final Errno EDQUOT = of(122);
  public static final Errno ECANCELED = of(125);
  public static final Errno ENOTSOCK = of(88);
  public static final Errno EMSGSIZE = of(90);
  public static final Errno ENOKEY = of(126);
  public static final Errno EDEADLK = of(35);
  public static final Errno EUSERS = of(87);
  public static final Errno ELIBBAD = of(80);

  /** The error of that number. */
  public static Errno of(int number) {
    return ErrnoTable.of(number);
  }

  @Override
  public String toString() {
    return name;
  }
}
