package golden;

/** Writes the golden files: `golden.Write DIR`. */
public final class Write {
    public static void main(String[] args) throws Exception {
        try {
            write(args[0]);
            System.exit(0);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1);
        }
    }

    private static void write(String dir) throws Exception {
        Out out = new Out(dir);
        new Frames(out).write();
        new Messages(out).write();
        new Bodies(out).write();
        new Catalog(out).write();
        new StoreFiles(out).write();
        out.finish();
    }
}
