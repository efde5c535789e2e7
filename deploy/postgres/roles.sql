-- The three roles of LogSense and its database, made once by a superuser, or by who may create roles and databases
-- (PostgreSQL 16 or newer):
--   POSTGRES_OWNER_PASSWORD=… POSTGRES_APP_PASSWORD=… psql --set ON_ERROR_STOP=1 --file roles.sql "$ADMINISTRATOR_URL"
-- The compose file's server does so by itself when its volume is new.
\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv app_password POSTGRES_APP_PASSWORD

-- Who is no superuser may give a database only to a role that they are a member of.
set createrole_self_grant = 'set, inherit';

-- Owns the tables and migrates them.
create role logsense_owner login nosuperuser nobypassrls nocreatedb nocreaterole noreplication password :'owner_password';
-- Serves. It owns nothing, so row-level security holds for it.
create role logsense_app login nosuperuser nobypassrls nocreatedb nocreaterole noreplication password :'app_password';
-- Nobody logs in as this one: the role that serves takes it to read what must be known before the organization is.
create role logsense_directory nologin nosuperuser nobypassrls nocreatedb nocreaterole noreplication;
grant logsense_directory to logsense_app with inherit false, set true;

create database logsense owner logsense_owner;
revoke connect, temporary on database logsense from public;
grant connect on database logsense to logsense_app;
