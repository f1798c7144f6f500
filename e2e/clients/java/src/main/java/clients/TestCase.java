package clients;

/** One behaviour of the servers, shown with the official client. It throws when the behaviour is missing. */
public interface TestCase {
    void run(Env env) throws Exception;
}
