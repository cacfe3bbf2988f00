-- Whether the connected role could change or delete what was recorded.
SELECT has_table_privilege(current_user, 'credit_transaction', 'UPDATE, DELETE');
